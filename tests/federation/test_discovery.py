"""WebFinger, host-meta and NodeInfo: asked of peers, answered to them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiohttp import web

from federation.discovery import answers, hostmeta, nodeinfo
from federation.discovery.webfinger import Handle, WebFinger, own_handle, parse_handle, read_jrd
from federation.errors import FederationError
from federation.fetch import Fetched
from tests.federation.peers import ORIGIN, Handler, Peer, Rig, key

AP = "application/activity+json"

HANDLES = {
    "plain": ("alice@peer.test", Handle("alice", "peer.test")),
    "at": ("@Alice@PEER.test", Handle("Alice", "peer.test")),
    "acct": ("acct:alice@peer.test", Handle("alice", "peer.test")),
    "dots and hyphens": ("a.b-c_d@peer.test", Handle("a.b-c_d", "peer.test")),
    "IDN-01": ("@a@bücher.example", Handle("a", "xn--bcher-kva.example")),
    "laboratory": ("@alice@localhost:8001", Handle("alice", "localhost:8001")),
}


@pytest.mark.parametrize(("text", "expected"), HANDLES.values(), ids=HANDLES)
def test_a_handle_is_read(text: str, expected: Handle) -> None:
    assert parse_handle(text) == expected
    assert parse_handle(str(expected)).matches(expected)


NO_HANDLES = {
    "WFG-03 second at": "Gargron@mastodon.social@evil.test", "WFG-03 long": "a" * 65 + "@peer.test",
    "WFG-03 space": "a b@peer.test", "WFG-03 slash": "a/b@peer.test", "WFG-03 right to left": "\u202ea@peer.test",
    "WFG-03 emoji": "😀@peer.test", "WFG-03 empty": "@peer.test", "WFG-03 dot": ".well-known@peer.test",
    "SSRF-09 path": "@u@evil.test/path?x=", "SSRF-09 user": "@u@user:pw@h", "SSRF-09 fragment": "@u@h#f",
    "SSRF-09 query": "@u@h?x", "SSRF-09 backslash": "@u@h\\x", "no host": "alice", "no host after at": "alice@",
    "very long": "a@" + "b" * 5000, "percent": "a@evil%2etest",
}  # fmt: skip


@pytest.mark.parametrize("text", NO_HANDLES.values(), ids=NO_HANDLES)
def test_what_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(FederationError) as refusal:
        parse_handle(text)
    assert refusal.value.code == "bad_handle"


async def test_ssrf_09_a_handle_that_points_inside_connects_nowhere(rig: Rig) -> None:
    for text in ("@u@127.0.0.1:6379", "@u@10.0.0.1", "@u@[::1]", "@u@169.254.169.254"):
        with pytest.raises(FederationError):
            await WebFinger(rig.fetcher).find(text)
    assert rig.requests == 0


def _jrd(subject: str, href: str, **link: Any) -> dict[str, Any]:
    return {"subject": f"acct:{subject}", "links": [{"rel": "self", "type": AP, "href": href, **link}]}


def _put(peer: Peer, table: dict[str, Any], *, media_type: str = "application/jrd+json") -> None:
    """Answers WebFinger: a JRD by the handle asked for, 404 for every other."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found = table.get(request.query["resource"].removeprefix("acct:"))
        if found is None:
            return web.Response(status=404)
        return web.Response(body=orjson.dumps(found), content_type=media_type)

    peer.handlers["/.well-known/webfinger"] = answer


def _authority(peer: Peer) -> str:
    return f"{peer.name}:{peer.port}"


async def test_a_handle_and_an_actor_that_name_each_other_are_found(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    uri = victim.person("/u/v", key("victim"))
    handle = f"v@{_authority(victim)}"
    _put(victim, {handle: _jrd(handle, uri)})
    found = await WebFinger(rig.fetcher).find(f"@{handle}")
    assert (str(found.handle), found.actor.uri) == (handle, uri)
    assert victim.requests[0] == (
        "GET",
        f"/.well-known/webfinger?resource=acct%3Av%40victim.test%3A{victim.port}",
    )
    assert victim.headers[0]["accept"] == "application/jrd+json, application/json"


async def test_wfg_01_nobody_is_shown_under_anothers_handle(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    admin = f"admin@{_authority(victim)}"
    genuine = victim.person("/u/admin", key("victim"))
    _put(victim, {admin: _jrd(admin, genuine)})
    # E's actor says it is admin@victim, by FEP-2c59 and by its own WebFinger.
    uri = evil.person("/u/e", key("eve"), webfinger=admin)
    _put(evil, {f"e@{_authority(evil)}": _jrd(admin, uri)})
    with pytest.raises(FederationError) as refusal:
        await WebFinger(rig.fetcher).find(f"e@{_authority(evil)}")
    assert refusal.value.code == "webfinger_mismatch"


async def test_wfg_01_a_subject_that_does_not_know_the_actor_is_refused(rig: Rig) -> None:
    evil, victim = rig.peers["evil.test"], rig.peers["victim.test"]
    uri = evil.person("/u/e", key("eve"))
    _put(evil, {f"e@{_authority(evil)}": _jrd(f"admin@{_authority(victim)}", uri)})
    for table in ({}, {f"admin@{_authority(victim)}": _jrd(f"other@{_authority(victim)}", uri)}):
        _put(victim, table)
        with pytest.raises(FederationError) as refusal:
            await WebFinger(rig.fetcher).find(f"e@{_authority(evil)}")
        assert refusal.value.code in ("webfinger_mismatch", "not_found")


async def test_wfg_05_a_handle_on_another_domain_than_the_actor_works_both_ways(rig: Rig) -> None:
    social, home = rig.peers["victim.test"], rig.peers["evil.test"]
    uri = social.person("/u/v", key("victim"))
    inner, outer = f"v@{_authority(social)}", f"v@{_authority(home)}"
    table = {inner: _jrd(outer, uri), outer: _jrd(outer, uri)}
    _put(social, table)

    async def to_social(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": social.uri(request.raw_path)})

    home.handlers["/.well-known/webfinger"] = to_social
    for asked in (inner, outer):
        assert str((await WebFinger(rig.fetcher).find(asked)).handle) == outer


async def test_wfg_05_host_meta_says_where_to_ask(rig: Rig) -> None:
    social, home = rig.peers["victim.test"], rig.peers["evil.test"]
    outer = f"v@{_authority(home)}"
    uri = social.person("/u/v", key("victim"), webfinger=outer)
    _put(social, {outer: _jrd(outer, uri)})

    async def host_meta(request: web.Request) -> web.StreamResponse:
        return web.Response(body=hostmeta.xrd(social.origin), content_type="application/xrd+xml")

    home.handlers["/.well-known/host-meta"] = host_meta
    assert str((await WebFinger(rig.fetcher).find(outer)).handle) == outer


async def test_nothing_is_asked_of_a_refused_host(rig: Rig) -> None:
    rig.directory.refused.add("evil.test")
    for work in (
        WebFinger(rig.fetcher).find(f"e@{_authority(rig.peers['evil.test'])}"),
        nodeinfo.ask(rig.peers["evil.test"].origin, rig.fetcher),
    ):
        with pytest.raises(FederationError) as refusal:
            await work
        assert refusal.value.code == "host_refused"
    assert rig.requests == 0


STATUSES = {
    404: "not_found",
    410: "gone",
    500: "fetch_failed",
    429: "fetch_failed",
    403: "webfinger_unusable",
}


@pytest.mark.parametrize(("status", "code"), STATUSES.items())
async def test_an_answer_without_a_jrd_has_a_code(rig: Rig, status: int, code: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    evil = rig.peers["evil.test"]
    evil.handlers["/.well-known/webfinger"] = answer
    with pytest.raises(FederationError) as refusal:
        await WebFinger(rig.fetcher).find(f"e@{_authority(evil)}")
    assert refusal.value.code == code


async def test_a_page_is_no_jrd(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    handle = f"e@{_authority(evil)}"
    _put(evil, {handle: _jrd(handle, evil.uri("/u/e"))}, media_type="text/html")
    with pytest.raises(FederationError) as refusal:
        await WebFinger(rig.fetcher).find(handle)
    assert refusal.value.code == "webfinger_unusable"


LEMMY = {
    "subject": "acct:both@lemmy.test",
    "links": [
        {"rel": "self", "type": AP, "href": "https://lemmy.test/u/both",
         "properties": {"https://www.w3.org/ns/activitystreams#type": "Person"}},
        {"rel": "self", "type": AP, "href": "https://lemmy.test/c/both",
         "properties": {"https://www.w3.org/ns/activitystreams#type": "Group"}},
    ],
}  # fmt: skip


def test_lemmys_two_in_one_answer_is_told_apart() -> None:
    assert read_jrd(LEMMY).actor_uri == "https://lemmy.test/u/both"
    assert read_jrd(LEMMY, kind="Group").actor_uri == "https://lemmy.test/c/both"


UNUSABLE: dict[str, Any] = {
    "empty": {}, "no links": {"subject": "acct:a@b.test"}, "links a text": {"subject": "acct:a@b.test", "links": "x"},
    "other type": _jrd("a@b.test", "https://b.test/u", type="text/html"),
    "other rel": _jrd("a@b.test", "https://b.test/u", rel="alternate"),
    "href no url": _jrd("a@b.test", "javascript:x"), "no type": _jrd("a@b.test", "https://b.test/u", type=None),
    "subject a url": {**_jrd("a@b.test", "https://b.test/u"), "subject": "https://b.test/u"},
}  # fmt: skip


@pytest.mark.parametrize("document", UNUSABLE.values(), ids=UNUSABLE)
def test_a_jrd_without_subject_or_actor_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(FederationError) as refusal:
        read_jrd(document)
    assert refusal.value.code == "webfinger_unusable"


def test_a_profile_type_is_as_good() -> None:
    profile = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
    assert read_jrd(_jrd("a@b.test", "https://b.test/u", type=profile)).actor_uri == "https://b.test/u"


@pytest.mark.parametrize("name", [None, 5, "a@b", "", "a b", "Gargron@mastodon.social"])
def test_wfg_03_an_actors_own_name_follows_the_grammar(name: object) -> None:
    actor = Fetched("https://evil.test/u/e", {"preferredUsername": name}, b"")
    with pytest.raises(FederationError) as refusal:
        own_handle(actor)
    assert refusal.value.code == "bad_handle"


# What we answer.

ASKED = {
    "WFG-04 acct": ("acct:alice@local.test", answers.Asked(name="alice")),
    "WFG-04 upper case": ("acct:Alice@LOCAL.test", answers.Asked(name="Alice")),
    "WFG-04 lenient at": ("acct:@alice@local.test", answers.Asked(name="alice")),
    "WFG-04 bare": ("alice@local.test", answers.Asked(name="alice")),
    "WFG-04 handle host": ("acct:alice@example.test", answers.Asked(name="alice")),
    "WFG-04 url": ("https://local.test/@alice", answers.Asked(uri="https://local.test/@alice")),
    "FEP-d556 house": ("https://local.test/", answers.Asked()),
    "FEP-d556 house without slash": ("https://local.test", answers.Asked()),
    "house by acct": ("acct:local.test@local.test", answers.Asked()),
}


@pytest.mark.parametrize(("resource", "expected"), ASKED.values(), ids=ASKED)
def test_what_is_asked_of_us_is_read(resource: str, expected: answers.Asked) -> None:
    assert answers.read_resource([resource], ORIGIN, "example.test") == expected


NOT_ASKED: dict[str, tuple[list[str], str, int]] = {
    "WFG-04 missing": ([], "bad_resource", 400),
    "WFG-04 empty": ([""], "bad_resource", 400),
    "WFG-04 twice": (["acct:a@local.test"] * 2, "bad_resource", 400),
    "WFG-04 long": (["acct:" + "a" * 10_000 + "@local.test"], "bad_resource", 400),
    "WFG-04 other host": (["acct:a@peer.test"], "not_found", 404),
    "WFG-04 other url": (["https://peer.test/u"], "not_found", 404),
    "WFG-04 percent": (["acct:a@local%2etest"], "bad_resource", 400),
    "WFG-04 name": (["acct:a b@local.test"], "bad_resource", 400),
    "WFG-04 no name": (["acct:@local.test"], "bad_resource", 400),
    "WFG-04 nonsense": (["alice"], "bad_resource", 400),
}


@pytest.mark.parametrize(("values", "code", "status"), NOT_ASKED.values(), ids=NOT_ASKED)
def test_a_garbled_question_is_refused(values: list[str], code: str, status: int) -> None:
    with pytest.raises(FederationError) as refusal:
        answers.read_resource(values, ORIGIN, "local.test")
    assert (refusal.value.code, refusal.value.status) == (code, status)


def test_our_answer_is_one_that_we_would_believe() -> None:
    described = answers.Described(
        "alice", "example.test", f"{ORIGIN}/ap/users/1", f"{ORIGIN}/@alice", f"{ORIGIN}/a.png", "image/png"
    )
    made = answers.jrd(described, ORIGIN)
    answer = read_jrd(made)
    assert (str(answer.subject), answer.actor_uri) == ("alice@example.test", f"{ORIGIN}/ap/users/1")
    assert [link["rel"] for link in made["links"]].count("self") == 1
    assert len(made["links"]) == 4
    filtered = answers.jrd(described, ORIGIN, rels=["self"])
    assert [link["rel"] for link in filtered["links"]] == ["self"]
    assert filtered["aliases"] == made["aliases"]


def test_our_host_meta_is_one_that_we_would_read() -> None:
    template = hostmeta.lrdd_template(hostmeta.xrd(ORIGIN))
    assert template == hostmeta.jrd(ORIGIN)["links"][0]["template"]  # type: ignore[index]  # a plain JSON tree
    assert template is not None
    assert hostmeta.fill(template, "acct:a@b") == f"{ORIGIN}/.well-known/webfinger?resource=acct%3Aa%40b"


@pytest.mark.parametrize(
    "template",
    ["https://{uri}/", "javascript:{uri}", "https://a.test/?r={uri}&s={uri}", "https://a.test/?r=", "{uri}"],
)
def test_a_template_that_lets_the_name_choose_the_host_is_no_template(template: str) -> None:
    body = f'<XRD><Link rel="lrdd" template="{template}"/></XRD>'
    assert hostmeta.lrdd_template(body.encode()) is None


def test_res_14_a_hostile_host_meta_is_read_in_no_time() -> None:
    for body in (
        b"<Link " * 20_000,
        b"<Link " + b"a=" * 50_000 + b">",
        b'<!ENTITY a "&a;&a;">' * 5000,
        b"\xff" * 9999,
    ):
        assert hostmeta.lrdd_template(body) is None


# NodeInfo.

FACTS = nodeinfo.NodeFacts(
    "allmende", "1.0", "https://r.test", "https://h.test", True, 5, 3, 4, 100, {"nodeName": "N"}
)


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_our_nodeinfo_keeps_to_its_version(version: str) -> None:
    made = nodeinfo.document(version, FACTS)
    assert made["version"] == version
    assert ("repository" in made["software"]) == (version == "2.1")
    assert nodeinfo.read_document(made) == nodeinfo.PeerFacts("allmende", "1.0", "N", True, 5, 3)
    with pytest.raises(FederationError):
        nodeinfo.document("9.9", FACTS)
    assert version in nodeinfo.media_type(version)


def test_our_index_names_the_instance_actor() -> None:
    made = nodeinfo.well_known(ORIGIN, f"{ORIGIN}/actor")
    assert made["links"][-1]["href"] == f"{ORIGIN}/actor"
    assert nodeinfo.pick_link(made, ORIGIN) == f"{ORIGIN}/nodeinfo/2.1"


def _json(document: Any, media_type: str = "application/json", status: int = 200) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=orjson.dumps(document), content_type=media_type, status=status)

    return answer


async def test_a_peers_nodeinfo_is_read(rig: Rig) -> None:
    victim = rig.peers["victim.test"]
    victim.handlers["/.well-known/nodeinfo"] = _json(nodeinfo.well_known(victim.origin, victim.uri("/actor")))
    victim.handlers["/nodeinfo/2.1"] = _json(nodeinfo.document("2.1", FACTS))
    assert (await nodeinfo.ask(victim.origin, rig.fetcher)).software == "allmende"


HREFS = [
    "http://127.0.0.1:6379/",
    "data:application/json,{}",
    "file:///etc/passwd",
    "https://peer.test/n",
    "",
    5,
]


@pytest.mark.parametrize("href", HREFS, ids=[f"SSRF-10 {href}" for href in HREFS])
async def test_ssrf_10_an_index_that_points_elsewhere_is_not_followed(rig: Rig, href: object) -> None:
    evil = rig.peers["evil.test"]
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    evil.handlers["/.well-known/nodeinfo"] = _json({"links": [{"rel": rel, "href": href}, 5, {"rel": 5}]})
    with pytest.raises(FederationError) as refusal:
        await nodeinfo.ask(evil.origin, rig.fetcher)
    assert refusal.value.code == "nodeinfo_unusable" and len(evil.requests) == 1


async def test_a_page_is_no_nodeinfo(rig: Rig) -> None:
    evil = rig.peers["evil.test"]
    for handler in (_json({}, "text/html"), _json({}, status=404), _json({"links": "x"})):
        evil.handlers["/.well-known/nodeinfo"] = handler
        with pytest.raises(FederationError) as refusal:
            await nodeinfo.ask(evil.origin, rig.fetcher)
        assert refusal.value.code == "nodeinfo_unusable"


@pytest.mark.parametrize(
    "document",
    [{}, {"software": []}, {"software": {"name": "A B", "version": 5}}, {"usage": {"users": {"total": -1}}},
     {"usage": {"users": {"total": True, "activeMonth": 1.5}}}, {"metadata": [], "openRegistrations": "yes"}],
)  # fmt: skip
def test_a_nodeinfo_of_any_shape_says_nothing_wrong(document: dict[str, Any]) -> None:
    assert nodeinfo.read_document(document) == nodeinfo.PeerFacts(None, None, None, None, None, None)
