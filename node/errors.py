"""What a person or program is told when something cannot be done.

A `NodeError` carries a stable code, an HTTP status and a text that is safe to show; the text
is an English msgid and is translated where it is shown. Internal detail goes to the log only.
Services raise; `node.web.middleware` and the job wrapper answer.
"""

from collections.abc import Mapping


def N_(text: str) -> str:  # noqa: N802  (gettext's own name for "mark, do not translate yet")
    """Mark a text for the message catalogues without translating it here."""
    return text


# code: (HTTP status, safe text)
CODES: Mapping[str, tuple[int, str]] = {
    "not_found": (404, N_("We could not find that. It may have been removed, or it is not open to you.")),
    "gone": (410, N_("This was deleted.")),
    "sign_in_needed": (401, N_("Please sign in first.")),
    "not_allowed": (403, N_("You are not allowed to do that here.")),
    "form_expired": (403, N_("This page had been open for too long. Please send it once more.")),
    "invalid": (422, N_("Something in what you entered needs another look.")),
    "bad_request": (400, N_("We could not understand that request.")),
    "too_large": (413, N_("That is too large for us to take.")),
    "too_many_requests": (429, N_("That was a lot at once. Please wait a moment and try again.")),
    "unavailable": (503, N_("We are catching our breath. Please try again in a minute.")),
    "peer_unreachable": (503, N_("The other side is not answering right now. Please try again later.")),
    "handle_unknown": (404, N_("We could not find anybody with that address.")),
    "wrong_password": (401, N_("That address and password do not fit together.")),
    "account_waiting": (403, N_("Your account still waits for its approval.")),
    "account_unconfirmed": (403, N_("Please confirm your e-mail address first; the link is in your mail.")),
    "account_disabled": (
        403,
        N_("This account is closed for now. Please write to the people who look after this house."),
    ),
    "registration_closed": (403, N_("Registration is closed here at the moment.")),
    "link_expired": (410, N_("This link has expired or was used already. Please ask for a new one.")),
    "conflict": (409, N_("Someone changed this at the same moment. Please look again.")),
    "internal": (
        500,
        N_("Something broke on our side. It was noted down for the people who look after this house."),
    ),
}


class NodeError(Exception):
    """Something cannot be done, for a reason with a name.

    `field` names the form field at fault, if any; `text` overrides the code's safe text (an
    English msgid, with `values` to fill in after translation); `detail` is for the log.
    """

    def __init__(
        self,
        code: str,
        *,
        field: str = "",
        text: str = "",
        values: Mapping[str, object] | None = None,
        detail: str = "",
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(f"{code}: {detail or field or text}")
        self.code = code
        self.field = field
        self.status, default_text = CODES[code]
        self.text = text or default_text
        self.values = dict(values or {})
        self.detail = detail
        self.retry_after_s = retry_after_s
