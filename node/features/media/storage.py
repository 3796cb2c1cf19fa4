"""What the media feature keeps open in a process: files, the proxy's cache, the decoder.

Made from the configuration when first asked for, kept with the node's other caches, and reached
by `storage_of(node)`. Owns nothing else.
"""

from node.config import Config
from node.features.media.cache import DiskCache
from node.features.media.files import LocalFiles
from node.features.media.flights import Flights
from node.features.media.pictures import Decoder
from node.runtime import Node


class MediaStorage:
    """One per process; needs no closing."""

    def __init__(self, config: Config) -> None:
        self.files = LocalFiles(config.media_dir)
        # Not beside the files: copies of others' files need no backup.
        self.cache = DiskCache(config.data_dir / "cache" / "media", config.media.proxy_cache_bytes)
        self.decoder = Decoder(config.media.max_pixels)
        self.flights = Flights(at_once=8)
        self.max_upload_bytes = config.media.max_upload_bytes
        self.quota_bytes = config.media.quota_bytes


def storage_of(node: Node) -> MediaStorage:
    """The storage of this process."""
    found = node.caches.get("media")
    if isinstance(found, MediaStorage):
        return found
    fresh = MediaStorage(node.config)
    node.caches["media"] = fresh
    return fresh
