"""Writing, changing and deleting posts, in steps that need no script.

A file is taken at once and comes back into the form with a field for its description; whoever
leaves that empty is asked once more. Preview and errors show what was typed; nothing is lost.
"""

from typing import BinaryIO, cast

import msgspec
from aiohttp import web

from node import text
from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.errors import N_, NodeError
from node.feature import Route
from node.features.follows.present import page_path
from node.features.groups.service import rights
from node.features.groups.store.groups import Group
from node.features.media import service as media
from node.features.posts import quoting, service, views, writing
from node.features.posts.present import card, list_answered, page_of
from node.features.posts.views import PostView
from node.features.posts.writing import Subject, Write, WritePage
from node.runtime import Node
from node.web.asked import path_id, read_id
from node.web.cards import PostCard
from node.web.forms import Form, read_form
from node.web.posted import read_posted
from node.web.render import render

# Several pictures may come in one form; what one file may weigh is the media feature's to say.
_MOST_BYTES = 128 * 1024 * 1024
_LONGEST_GIVEN = 2000
_NOBODY = N_("Please name at least one person with @, so that we know whom to send this to.")
_TOO_MANY = N_("A post can carry at most %(most)d files.")


class FormPage(msgspec.Struct, frozen=True):
    """Context of posts/write.html."""

    page: WritePage


class DeletePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of posts/delete.html."""

    post: PostCard


async def answer_page(tx: Tx, node: Node, viewer: Viewer, post: PostView) -> WritePage:
    """The answer form below a post."""
    return await writing.page(tx, node, viewer, writing.form_for_reply(viewer, post), Subject(parent=post))


async def show_write(request: web.Request) -> web.StreamResponse:
    """GET /write, with `?reply=<id>`, `?quote=<id>`, `?to=<handle>` `?text=`, `?audience=`"""
    node, viewer, query = request.app[NODE], request[VIEWER], request.query
    async with node.db.read() as tx:
        reply_id = read_id(query.get("reply", ""))
        parent = await views.get_post(tx, reply_id, viewer.actor_id) if reply_id else None
        quoted = await _quoted(tx, viewer, query.get("quote", ""))
        group = await _group(tx, viewer, query.get("group", "")) if parent is None else None
        if parent is not None:
            form = writing.form_for_reply(viewer, parent)
        else:
            to = text.one_line(query.get("to", ""), 200).strip().lstrip("@")
            given = text.tidy(query.get("text", "")[:_LONGEST_GIVEN])
            source = f"@{to} {given}" if to else given
            audience = "direct" if to else query.get("audience", viewer.default_audience)
            form = Form(Write(source=source, audience=audience, language=viewer.default_language))
        page = await writing.page(tx, node, viewer, form, Subject(parent=parent, quoted=quoted, group=group))
    return render(request, "posts/write.html", FormPage(page))


async def _group(tx: Tx, viewer: Viewer, text_id: str) -> Group | None:
    """The group to write in. Raises: NodeError `not_found` for who does not belong."""
    group_id = read_id(text_id)
    if not group_id:
        return None
    standing = await rights.standing(tx, group_id, viewer.actor_id)
    if not standing.may("read"):
        raise NodeError("not_found", detail="no member")
    return standing.group


async def _quoted(tx: Tx, viewer: Viewer, text_id: str) -> PostView | None:
    """The post to quote. Raises: NodeError `not_found`, `not_allowed` when its author does not want that."""
    quoted_id = read_id(text_id)
    if not quoted_id:
        return None
    quoted = await views.get_post(tx, quoted_id, viewer.actor_id)
    quoting.check_may_quote(quoted, viewer.actor_id)
    return quoted


async def write(request: web.Request) -> web.StreamResponse:
    """POST /write"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, Write, max_bytes=_MOST_BYTES)
    async with node.db.read() as tx:
        reply_id = read_id(form.values.in_reply_to)
        parent = await views.get_post(tx, reply_id, viewer.actor_id) if reply_id else None
        group = await _group(tx, viewer, form.values.group) if parent is None else None
        quoted = await _quoted(tx, viewer, form.values.quote)
        about = Subject(parent=parent, quoted=quoted, group=group)
    subject = await _before_sending(node, viewer, form, about)
    if subject is None:
        try:
            return await _send(node, viewer, form, about)
        except NodeError as error:
            form.refuse(_beside_field(error))
            subject = about
    return await _again(request, form, subject)


async def _send(node: Node, viewer: Viewer, form: Form[Write], about: Subject) -> web.Response:
    """Publish, and lead to the post."""
    parent, draft = about.parent, _draft(form, viewer, about)
    if draft.audience == "direct" and not text.find_mentions(draft.source):
        raise NodeError("invalid", field="source", text=_NOBODY)
    await service.meet_mentioned(node, draft.source)
    async with node.db.tx() as tx:
        await _describe(tx, viewer, form)
        post_id = await service.write_post(tx, node, viewer.actor_id, draft)
        post = await views.get_post(tx, post_id, viewer.actor_id)
    if parent is not None:
        raise web.HTTPSeeOther(f"{page_of(parent)}#post-{post.id}")
    raise web.HTTPSeeOther(page_of(post))


def _draft(form: Form[Write], viewer: Viewer, about: Subject) -> service.Draft:
    given, parent, quoted = form.values, about.parent, about.quoted
    above = parent if parent is not None else quoted
    wanted = given.audience or writing.preselected(viewer, above)
    return service.Draft(
        source=given.source,
        audience=writing.audience_in(about.group) if about.group else writing.within(above, wanted),
        group_id=about.group.actor_id if about.group else None,
        warning=given.warning,
        sensitive=given.sensitive,
        language=given.language[:35],
        in_reply_to_id=parent.id if parent else None,
        quoted_id=quoted.id if quoted else None,
        quote_policy=given.quote_policy if given.quote_policy in quoting.POLICIES else "",
        media_ids=tuple(media_id for media_id, _alt in writing.typed_media(form)),
        poll=writing.poll_of(given, about.editing),
        idempotency_key=f"form:{given.key[:60]}" if given.key else None,
    )


async def _describe(tx: Tx, viewer: Viewer, form: Form[Write]) -> None:
    for media_id, alt in writing.typed_media(form):
        await media.set_alt(tx, viewer.actor_id, media_id, alt)


def _beside_field(error: NodeError) -> NodeError:
    """Errors of the service, said next to the form's own fields."""
    if error.status >= 500:
        raise error
    renamed = {"file": "files", "media": "files", "alt": "files"}
    field = renamed.get(error.field, error.field)
    return NodeError(error.code, field=field, text=error.text, values=error.values)


async def _before_sending(node: Node, viewer: Viewer, form: Form[Write], subject: Subject) -> Subject | None:
    """The step to show before it can be sent, or None when it can."""
    given = form.values
    if given.drop:
        _drop(form, given.drop)
        return subject
    added = await _take_files(node, viewer, form)
    if form.errors or given.step in ("add", "option"):
        return msgspec.structs.replace(subject, ask_alt=added > 0)
    if given.step == "preview":
        async with node.db.read() as tx:
            preview = await writing.preview_of(tx, node, given.source)
        return msgspec.structs.replace(subject, preview=preview)
    lacks = any(not alt for _id, alt in writing.typed_media(form))
    if lacks and (added or not given.reminded):
        return msgspec.structs.replace(subject, ask_alt=True)
    return None


def _drop(form: Form[Write], media_id: str) -> None:
    """Take one file out of the form; the media feature throws it away later."""
    kept = [pair for pair in writing.typed_media(form) if str(pair[0]) != media_id]
    form.typed["media_id"] = [str(pair[0]) for pair in kept]
    form.typed["alt"] = [pair[1] for pair in kept]


async def _take_files(node: Node, viewer: Viewer, form: Form[Write]) -> int:
    """Keep the files that came along and put them into the form; how many there were."""
    pairs = writing.typed_media(form)
    uploads = form.files.get("files", [])
    if len(pairs) + len(uploads) > media.MAX_PER_POST:
        form.fail("files", _TOO_MANY, most=media.MAX_PER_POST)
        uploads = uploads[: media.MAX_PER_POST - len(pairs)]
    added = 0
    for upload in uploads:
        try:
            row = await media.accept_upload(node, viewer.actor_id, cast("BinaryIO", upload.file))
        except NodeError as error:
            form.refuse(_beside_field(error))
            continue
        pairs.append((row.id, ""))
        added += 1
    form.typed["media_id"] = [str(media_id) for media_id, _alt in pairs]
    form.typed["alt"] = [alt for _id, alt in pairs]
    return added


async def _again(request: web.Request, form: Form[Write], subject: Subject) -> web.StreamResponse:
    """The form once more, with everything that was typed."""
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        page = await writing.page(tx, node, viewer, form, subject)
    return render(request, "posts/write.html", FormPage(page), status=422 if form.errors else 200)


async def _own(tx: Tx, viewer: Viewer, post_id: int) -> PostView:
    """One's own post. Raises: NodeError `not_found` for anybody else's (AUT-11)."""
    post = await views.get_post(tx, post_id, viewer.actor_id)
    if post.author.id != viewer.actor_id:
        raise NodeError("not_found", detail="somebody else's post")
    return post


async def show_edit(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}/edit"""
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        post = await _own(tx, viewer, path_id(request))
        page = await writing.page(tx, node, viewer, writing.form_for_edit(post), Subject(editing=post))
    return render(request, "posts/write.html", FormPage(page))


async def edit(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/edit"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, Write, max_bytes=_MOST_BYTES)
    async with node.db.read() as tx:
        post = await _own(tx, viewer, path_id(request))
    subject = await _before_sending(node, viewer, form, Subject(editing=post))
    if subject is None:
        try:
            draft = msgspec.structs.replace(
                _draft(form, viewer, Subject(editing=post)), audience=post.audience
            )
            await service.meet_mentioned(node, draft.source)
            async with node.db.tx() as tx:
                await _describe(tx, viewer, form)
                await service.edit_post(tx, node, viewer.actor_id, post.id, draft)
        except NodeError as error:
            form.refuse(_beside_field(error))
            subject = Subject(editing=post)
        else:
            raise web.HTTPSeeOther(page_of(post))
    return await _again(request, form, subject)


async def ask_delete(request: web.Request) -> web.StreamResponse:
    """GET /posts/{id}/delete"""
    node, viewer = request.app[NODE], request[VIEWER]
    async with node.db.read() as tx:
        post = await _own(tx, viewer, path_id(request))
        answered = await list_answered(tx, [post])
    shown = msgspec.structs.replace(card(node, post, viewer, answered), can=frozenset())
    return render(request, "posts/delete.html", DeletePage(post=shown))


async def delete(request: web.Request) -> web.StreamResponse:
    """POST /posts/{id}/delete"""
    node, viewer = request.app[NODE], request[VIEWER]
    await read_posted(request)
    async with node.db.tx() as tx:
        post = await _own(tx, viewer, path_id(request))
        await service.delete_post(tx, node, viewer.actor_id, post.id)
    raise web.HTTPSeeOther(page_path(post.author))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/write", show_write, "member"),
    Route("POST", "/write", write, "member", limit="write", max_body_bytes=_MOST_BYTES),
    Route("GET", "/posts/{id:[0-9]+}/edit", show_edit, "member"),
    Route("POST", "/posts/{id:[0-9]+}/edit", edit, "member", limit="write", max_body_bytes=_MOST_BYTES),
    Route("GET", "/posts/{id:[0-9]+}/delete", ask_delete, "member"),
    Route("POST", "/posts/{id:[0-9]+}/delete", delete, "member", limit="write"),
)
