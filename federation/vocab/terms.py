"""The `@context` we write: a few prebuilt ones, the smallest that names every term used.

Owns the definitions of extension terms, equal to those the other servers use, all inline: a
reader needs nothing but AS2 and security/v1. The first element always is the literal AS2
address, which some peers look for as text. Called by `vocab.write`.
"""

from __future__ import annotations

from typing import Any, Final

from federation.vocab.values import AS

SECURITY: Final = "https://w3id.org/security/v1"
CID: Final = "https://www.w3.org/ns/cid/v1"
WEBFINGER: Final = "https://purl.archive.org/socialweb/webfinger"

Terms = dict[str, Any]


def _ids(prefix: str, *names: str) -> Terms:
    return {name: {"@id": f"{prefix}:{name}", "@type": "@id"} for name in names}


def _plain(prefix: str, *names: str) -> Terms:
    return {name: f"{prefix}:{name}" for name in names}


TOOT: Final[Terms] = {"toot": "http://joinmastodon.org/ns#"}
MEDIA: Final[Terms] = TOOT | {
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "Emoji": "toot:Emoji",
    "Hashtag": "as:Hashtag",
    "size": "as:size",
}
SOCIAL: Final[Terms] = MEDIA | {
    "ostatus": "http://ostatus.org#",
    "conversation": "ostatus:conversation",
    "sensitive": "as:sensitive",
    "litepub": "http://litepub.social/ns#",
    "directMessage": "litepub:directMessage",
    "EmojiReact": "litepub:EmojiReact",
    "votersCount": "toot:votersCount",
}
POLICY: Final[Terms] = {
    "gts": "https://gotosocial.org/ns#",
    **_ids("gts", "interactionPolicy", "canQuote", "automaticApproval", "manualApproval"),
}
QUOTE: Final[Terms] = POLICY | {
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
    "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    **_ids("gts", "interactingObject", "interactionTarget"),
    "quoteUrl": {"@id": "as:quoteUrl", "@type": "@id"},
    "fedibird": "http://fedibird.com/ns#",
    "quoteUri": {"@id": "fedibird:quoteUri", "@type": "@id"},
    "misskey": "https://misskey-hub.net/ns#",
    "_misskey_quote": {"@id": "misskey:_misskey_quote", "@type": "@id"},
}
MODERATION: Final[Terms] = {
    "lemmy": "https://join-lemmy.org/ns#",
    "removeData": "lemmy:removeData",
    "Lock": "lemmy:Lock",
}
ACTOR: Final[Terms] = MEDIA | {
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "sensitive": "as:sensitive",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
    **_plain("toot", "discoverable", "indexable", "memorial", "suspended"),
    "attributionDomains": {"@id": "toot:attributionDomains", "@container": "@set"},
    "schema": "http://schema.org#",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
}
GROUP: Final[Terms] = {
    "lemmy": "https://join-lemmy.org/ns#",
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
    "mz": "https://joinmobilizon.org/ns#",
    "sc": "http://schema.org#",
    **_ids("mz", "events", "discussions", "resources", "posts", "members", "openness"),
    "memberCount": {"@id": "mz:memberCount", "@type": "sc:Integer"},
    "al": "urn:allmende:ns#",
    **_plain("al", "membersOnly", "joinQuestion", "groupRole"),
    "groupRules": {"@id": "al:groupRules", "@container": "@list"},
}
EVENT: Final[Terms] = SOCIAL | {
    "sc": "http://schema.org#",
    "schema": "http://schema.org#",
    "ical": "http://www.w3.org/2002/12/cal/ical#",
    "pt": "https://joinpeertube.org/ns#",
    "mz": "https://joinmobilizon.org/ns#",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "uuid": "sc:identifier",
    **_plain("sc", "category", "maximumAttendeeCapacity", "remainingAttendeeCapacity", "inLanguage"),
    "location": {"@id": "sc:location", "@type": "sc:Place"},
    "PostalAddress": "sc:PostalAddress",
    "address": {"@id": "sc:address", "@type": "sc:PostalAddress"},
    **_plain("sc", "addressCountry", "addressRegion", "postalCode", "addressLocality", "streetAddress"),
    "repliesModerationOption": {
        "@id": "mz:repliesModerationOption",
        "@type": "mz:repliesModerationOptionType",
    },
    "commentsEnabled": {"@type": "sc:Boolean", "@id": "pt:commentsEnabled"},
    "joinMode": {"@id": "mz:joinMode", "@type": "mz:joinModeType"},
    "anonymousParticipationEnabled": {"@id": "mz:anonymousParticipationEnabled", "@type": "sc:Boolean"},
    "participantCount": {"@id": "mz:participantCount", "@type": "sc:Integer"},
    "participationMessage": {"@id": "mz:participationMessage", "@type": "sc:Text"},
    "isOnline": {"@type": "sc:Boolean", "@id": "mz:isOnline"},
    "externalParticipationUrl": {"@id": "mz:externalParticipationUrl", "@type": "sc:URL"},
    "timezone": {"@id": "mz:timezone", "@type": "sc:Text"},
    "contacts": {"@id": "mz:contacts", "@type": "@id"},
    "draft": "mz:draft",
    "status": {"@id": "ical:status", "@type": "ical:status"},
    "fep8a8e": "https://w3id.org/fep/8a8e/",
    "eventStatus": {"@id": "fep8a8e:eventStatus", "@type": "@vocab"},
    **_plain("fep8a8e", "EventScheduled", "EventCancelled", "EventTentative", "displayEndTime"),
}
# Defined by AS2 or by the documents named above; here only so that their users are recognised.
_SECURITY_TERMS: Final = frozenset({"publicKey", "publicKeyPem", "owner"})
_MULTIKEY_TERMS: Final = frozenset({"assertionMethod", "Multikey", "publicKeyMultibase", "controller"})
_INVERSE: Final[Terms] = {"fep5711": "https://w3id.org/fep/5711#"} | _ids(
    "fep5711",
    *("outboxOf", "followersOf", "followingOf", "inboxOf", "likesOf", "sharesOf", "repliesOf", "likedOf"),
)

_DEFINED: Final[tuple[Terms, ...]] = (
    {},
    QUOTE,
    SOCIAL,
    SOCIAL | POLICY,
    SOCIAL | QUOTE,
    MODERATION,
    ACTOR,
    ACTOR | GROUP,
    EVENT,
)
_ALL: Final[Terms] = EVENT | QUOTE | MODERATION | ACTOR | GROUP | _INVERSE
_KNOWN: Final = frozenset(_ALL) | _SECURITY_TERMS | _MULTIKEY_TERMS | {"webfinger"}
_PREBUILT: Final = tuple((frozenset(terms), terms) for terms in _DEFINED)


def _used(value: Any, found: set[str]) -> None:
    """Collects every key, and every type name, of a document."""
    if type(value) is dict:
        found.update(value)
        kind = value.get("type")
        if type(kind) is str:
            found.add(kind)
        if value.get("eventStatus"):
            found.add(value["eventStatus"])
        for inner in value.values():
            _used(inner, found)
    elif type(value) is list:
        for inner in value:
            _used(inner, found)


def context_for(document: Terms) -> list[Any]:
    """The smallest of our contexts that defines every extension term the document uses."""
    found: set[str] = set()
    _used(document, found)
    if any(":" in term for term in found):
        found.update(term.partition(":")[0] for term in list(found))
    found &= _KNOWN
    context: list[Any] = [AS]
    if found & _SECURITY_TERMS:
        context.append(SECURITY)
    if found & _MULTIKEY_TERMS:
        context.append(CID)
    if "webfinger" in found:
        context.append(WEBFINGER)
    found -= _SECURITY_TERMS | _MULTIKEY_TERMS | {"webfinger"}
    terms = next((terms for names, terms in _PREBUILT if found <= names), None)
    if terms is None:
        terms = _ALL
    if terms:
        context.append(terms)
    return context


def everything() -> Terms:
    """All extension terms we know, for compacting foreign documents."""
    return _ALL
