"""Pictures, films and sound: taking them, keeping them, showing them, and letting them go."""

from node.feature import Feature, Route
from node.features.media import api, jobs, pages

_B64 = "[A-Za-z0-9_-]"

FEATURE = Feature(
    name="media",
    routes=(
        Route("GET", "/media/files/{key:[0-9a-f]{40}[.][a-z0-9]{3,4}}", pages.show_file, "public"),
        Route(
            "GET", f"/media/proxy/{{signature:{_B64}{{24}}}}/{{payload:{_B64}+}}", pages.show_remote, "public"
        ),
        *api.ROUTES,
    ),
    sweeps=(jobs.remove_leftovers,),
    retention=(jobs.remove_unused, jobs.remove_strays, jobs.shrink_cache),
)
