// The search page: asks the shop's API and shows what it found. Everything else works without this.
"use strict";
(() => {
  const results = document.querySelector("[data-api]");
  if (!results) return;
  const words = (new URLSearchParams(location.search).get("q") || "").trim().slice(0, 100);
  const status = document.querySelector("[role=status]");
  for (const input of document.querySelectorAll("input[name=q]")) input.value = words;
  if (!words) return;

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };
  const card = (book) => {
    const item = element("li", "book");
    const cover = element("div", "cover cover-" + (book.id % 8), book.title.slice(0, 1));
    cover.setAttribute("aria-hidden", "true");
    const facts = element("div");
    facts.append(
      element("h3", "", book.title),
      element("p", "facts", (book.authors || []).join(", ")),
      element("p", "price", "$" + (book.price_cents / 100).toFixed(2)));
    item.append(cover, facts);
    return item;
  };

  status.textContent = "Looking for “" + words + "”…";
  const limit = new AbortController();
  setTimeout(() => limit.abort(), 10000);
  fetch(results.dataset.api + "/books?limit=48&q=" + encodeURIComponent(words), { signal: limit.signal })
    .then((answer) => answer.ok ? answer.json() : Promise.reject(new Error(answer.status)))
    .then((found) => {
      status.textContent = found.total === 1 ? "One book" : found.total + " books";
      results.replaceChildren(...found.books.map(card));
    })
    .catch(() => {
      status.textContent = "The search does not answer right now. Please try again in a minute, or browse all books.";
    });
})();
