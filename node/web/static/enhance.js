// Makes pages a little quicker and kinder. Everything works without it: it only spares page loads,
// counts characters and keeps drafts.
"use strict";
(() => {
  const say = (text) => {
    const status = document.getElementById("status");
    if (status) status.textContent = text;
  };

  // Buttons that change one post: send the form in the background, put the changed post in its place.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const button = event.submitter;
    if (!button || !button.hasAttribute("data-swap") || event.defaultPrevented) return;
    const place = form.closest("[id]");
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(button.formAction, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && page.getElementById(place.id);
      if (!fresh) throw new Error();
      const at = [...place.querySelectorAll("button")].indexOf(button);
      place.replaceWith(fresh);
      const next = fresh.querySelectorAll("button")[at];
      if (next) { next.focus(); say(next.dataset.said || ""); }
    } catch {
      button.removeAttribute("data-swap");
      form.requestSubmit(button);
    }
  });

  // Menus close on Escape, on a click elsewhere, and when focus leaves them.
  const closeMenus = (except) => document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!except || !menu.contains(except)) menu.open = false;
  });
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // How much room is left, said only when it gets short.
  const count = (area) => {
    const shown = document.getElementById(area.id + "-count");
    if (!shown) return;
    const left = Number(area.dataset.most) - [...area.value].length;
    shown.hidden = left > Number(area.dataset.most) / 5;
    shown.textContent = shown.dataset.text.replace("{n}", new Intl.NumberFormat(document.documentElement.lang).format(left));
  };
  document.querySelectorAll("textarea[data-most]").forEach((area) => {
    count(area);
    area.addEventListener("input", () => count(area));
    // Whoever goes on writing does so behind the names that stand there already.
    area.setSelectionRange(area.value.length, area.value.length);
  });

  // Drafts: kept in this browser every ten seconds, let go once sent.
  document.querySelectorAll("form[data-draft]").forEach((form) => {
    const key = "draft:" + form.dataset.draft;
    const fields = () => [...form.querySelectorAll("textarea[name], input[type=text][name]")];
    let sent = false;
    let store;
    try { store = localStorage; store.getItem(key); } catch { return; }
    try {
      const kept = JSON.parse(store.getItem(key) || "{}");
      if (fields().every((field) => field.value === field.defaultValue)) {
        let found = false;
        fields().forEach((field) => {
          if (kept[field.name] && kept[field.name] !== field.value) { field.value = kept[field.name]; found = true; count(field); }
        });
        if (found) say(form.dataset.draftFound || "");
      }
    } catch { store.removeItem(key); }
    const keep = () => {
      if (sent) return;
      const values = Object.fromEntries(fields().filter((f) => f.value !== f.defaultValue).map((f) => [f.name, f.value]));
      if (Object.keys(values).length) store.setItem(key, JSON.stringify(values)); else store.removeItem(key);
    };
    setInterval(keep, 10000);
    addEventListener("pagehide", keep);
    form.addEventListener("submit", () => { sent = true; store.removeItem(key); });
  });
})();
