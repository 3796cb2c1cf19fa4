"""Answers to wishes to quote, and the leave itself, as documents; pure. Spec: FEP-044f."""

from federation import vocab


def answer(uri: str, request: vocab.Activity, author_uri: str, stamp_uri: str) -> vocab.Activity:
    """Yes, with the address of the leave, or no when there is none; the request echoed by its ids."""
    instrument = request.instrument.id if isinstance(request.instrument, vocab.Thing) else request.instrument
    asked = vocab.QuoteRequest(
        id=request.id, actor=request.actor, object=request.object_id, instrument=instrument
    )
    kind = vocab.Accept if stamp_uri else vocab.Reject
    return kind(id=uri, actor=author_uri, object=asked, result=stamp_uri or None, to=(request.actor,))


def authorization(
    stamp_uri: str, author_uri: str, quoting_uri: str, quoted_uri: str
) -> vocab.QuoteAuthorization:
    """Leave to quote, as everybody may fetch it."""
    return vocab.QuoteAuthorization(
        id=stamp_uri, attributed_to=author_uri, interacting_object=quoting_uri, interaction_target=quoted_uri
    )


def taken_back(stamp_uri: str, author_uri: str, to: tuple[str, ...]) -> vocab.Delete:
    """The leave counts no more."""
    return vocab.Delete(id=f"{stamp_uri}#delete", actor=author_uri, object=stamp_uri, to=to)
