"""The settings of pictures, sound and films; `node.config` puts them under `[media]`."""

from typing import Annotated

import msgspec
from msgspec import Meta


class MediaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures, sound and films."""

    storage: Annotated[
        str,
        Meta(
            pattern="^(folder|s3)$",
            description="Where uploaded files are kept: `folder` on this machine, or `s3` for a bucket of "
            "S3-compatible storage, which several machines can share.",
        ),
    ] = "folder"
    path: Annotated[
        str,
        Meta(
            description="Folder for uploaded files; with `s3` only for those on their way. "
            "Empty: `media` in the data directory."
        ),
    ] = ""
    s3_endpoint: Annotated[
        str,
        Meta(pattern="^(https?://.+)?$", description="With `s3`: address of the storage, as `https://host`."),
    ] = ""
    s3_bucket: Annotated[
        str,
        Meta(description="With `s3`: name of the bucket. Empty when the endpoint's host already names it."),
    ] = ""
    s3_region: Annotated[str, Meta(description="With `s3`: the region signatures are made for.")] = (
        "us-east-1"
    )
    s3_access_key: Annotated[str, Meta(description="With `s3`: the public half of the key.")] = ""
    s3_secret_key_file: Annotated[
        str, Meta(description="With `s3`: a file that holds the secret half of the key.")
    ] = ""
    max_upload_bytes: Annotated[
        int, Meta(ge=100_000, le=2_000_000_000, description="Largest single upload (bytes).")
    ] = 41_943_040
    max_pixels: Annotated[
        int, Meta(ge=1_000_000, le=500_000_000, description="Largest picture, width times height.")
    ] = 50_000_000
    quota_bytes: Annotated[
        int, Meta(ge=0, description="Room for one member's files (bytes); 0 means no limit.")
    ] = 2_147_483_648
    total_bytes: Annotated[
        int, Meta(ge=0, description="Room for all members' files together (bytes); 0 means no limit.")
    ] = 0
    proxy_cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Room for copies of other nodes' pictures, and with `s3` of our own (bytes); those "
            "not looked at for longest go first.",
        ),
    ] = 1_073_741_824
    proxy_cache_days: Annotated[
        int, Meta(ge=1, le=3650, description="How long such a copy is kept at most (days).")
    ] = 30
