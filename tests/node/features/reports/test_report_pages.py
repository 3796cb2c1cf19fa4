"""Reporting and looking at reports in a browser without scripts."""

from tests.node.features.accounts.browser import Browser
from tests.node.features.readers import signed_in, write


async def test_a_post_is_reported_looked_at_noted_and_closed(lindenhof):
    await lindenhof.person("olena", role="moderator")
    async with signed_in(lindenhof, "amina") as amina, signed_in(lindenhof, "jonas") as jonas:
        post = await write(lindenhof, amina.me, "Buy my bread")
        await jonas.get(f"/@amina/{post}")
        assert f"/posts/{post}/report" in jonas.page
        await jonas.get(f"/posts/{post}/report")
        assert "Buy my bread" in jonas.text
        fields = {"category": "spam", "comment": "He sells bread every hour"}
        await jonas.post(f"/posts/{post}/report", **jonas.hidden(), **fields)
        assert jonas.status == 303
        await jonas.get(jonas.location)
        assert "Thank you for telling us" in jonas.text
        async with Browser(lindenhof.origin) as olena:
            await olena.sign_in("olena")
            await olena.get("/notifications")
            assert "asks you to look at" in olena.text
            await olena.get("/manage/reports")
            assert "He sells bread every hour" in olena.text
            number = olena.page.partition('href="/manage/reports/')[2].partition('"')[0]
            await olena.get(f"/manage/reports/{number}")
            assert "Buy my bread" in olena.text and "jonas" in olena.text
            for what in ("take", "give", "take"):
                await olena.post(f"/manage/reports/{number}/{what}", **olena.hidden())
            await olena.post(f"/manage/reports/{number}/note", **olena.hidden(), note="I wrote to him")
            await olena.get(f"/manage/reports/{number}")
            assert "I wrote to him" in olena.text
            await olena.post(f"/manage/reports/{number}/note", **olena.hidden(), note="  ")
            assert olena.status == 422
            await olena.post(f"/manage/reports/{number}/close", **olena.hidden())
            await olena.get("/manage/reports?closed")
            assert "He sells bread every hour" in olena.text
            await olena.post(f"/manage/reports/{number}/reopen", **olena.hidden())
            await olena.get("/manage/reports")
            assert "He sells bread every hour" in olena.text
        await jonas.get("/notifications")
        assert "was read and closed" in jonas.text
        await amina.get("/notifications")
        assert "report" not in amina.text.lower()


async def test_members_do_not_see_reports_and_nobody_reports_themselves(lindenhof):
    async with signed_in(lindenhof, "amina") as amina:
        await amina.get("/manage/reports")
        assert amina.status in (403, 404)
        await amina.get(f"/people/{amina.me.id}/report")
        assert amina.status == 404
        olena = await lindenhof.person("olena")
        await amina.get("/@olena")
        assert f"/people/{olena.id}/report" in amina.page
        await amina.post(f"/people/{olena.id}/report", **amina.hidden(), category="nonsense")
        assert amina.status == 422
