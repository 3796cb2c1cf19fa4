"""What the media feature keeps open in a process: files, the proxy's cache, the decoder.

Made from the configuration when first asked for, kept with the node's other caches, and reached
by `storage_of(node)`. Owns nothing else.
"""

from node.config import Config
from node.features.media.cache import DiskCache
from node.features.media.files import LocalFiles, MediaFiles, Scratch
from node.features.media.flights import Flights
from node.features.media.pictures import Decoder
from node.features.media.s3 import Bucket, S3Files
from node.features.media.sigv4 import Credentials
from node.runtime import Node


class MediaStorage:
    """One per process; needs no closing."""

    def __init__(self, config: Config) -> None:
        media = config.media
        # Not beside the files: copies need no backup.
        self.cache = DiskCache(
            config.data_dir / "cache" / "media", media.proxy_cache_bytes, media.proxy_cache_days * 86_400.0
        )
        self.scratch = Scratch(config.media_dir / "incoming")
        self.files = self._open(config)
        self.decoder = Decoder(config.media.max_pixels)
        self.flights = Flights(at_once=8)
        self.max_upload_bytes = media.max_upload_bytes
        self.quota_bytes = media.quota_bytes
        self.total_bytes = media.total_bytes

    def _open(self, config: Config) -> MediaFiles:
        media = config.media
        if media.storage == "folder":
            return LocalFiles(config.media_dir, self.scratch)
        url = f"{media.s3_endpoint.rstrip('/')}/{media.s3_bucket}".rstrip("/")
        secret = (config.data_dir / media.s3_secret_key_file).read_text("utf-8").strip()
        credentials = Credentials(media.s3_access_key, secret, media.s3_region)
        return S3Files(Bucket(url, credentials), self.scratch, self.cache)


def storage_of(node: Node) -> MediaStorage:
    """The storage of this process."""
    found = node.caches.get("media")
    if isinstance(found, MediaStorage):
        return found
    fresh = MediaStorage(node.config)
    node.caches["media"] = fresh
    return fresh
