// What the pages need beyond htmx. Every page works without it; with it, it works more smoothly.
(function () {
  "use strict";

  // A part that asks for itself rests while nobody looks at the page.
  document.addEventListener("htmx:beforeRequest", function (event) {
    var part = event.detail.elt;
    if (document.hidden && part.hasAttribute("data-live")) event.preventDefault();
    // Swapping a list of messages while a quotation is being selected would lose the selection.
    var chosen = window.getSelection();
    if (part.hasAttribute("data-live") && chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode)) event.preventDefault();
  });

  // --- the chat ---------------------------------------------------------------------------------------------------
  var NEAR_END = 120;

  function paperOf(element) { return element.closest && element.closest("[data-scroll]"); }
  function toEnd(paper) { paper.scrollTop = paper.scrollHeight; }
  function isNearEnd(paper) { return paper.scrollHeight - paper.scrollTop - paper.clientHeight < NEAR_END; }

  var followed = new WeakMap();
  document.addEventListener("htmx:beforeSwap", function (event) {
    var paper = paperOf(event.detail.target);
    if (!paper || !event.detail.shouldSwap) return;
    var last = paper.querySelectorAll(".bubble.theirs[data-message]");
    followed.set(paper, {
      follow: isNearEnd(paper) || event.detail.requestConfig.verb === "post",
      last: last.length ? last[last.length - 1].dataset.message : null
    });
  });
  document.addEventListener("htmx:afterSwap", function () {
    document.querySelectorAll("[data-scroll]").forEach(function (paper) {
      var before = followed.get(paper);
      if (!before) return;
      followed.delete(paper);
      if (before.follow) toEnd(paper);
      var theirs = paper.querySelectorAll(".bubble.theirs[data-message]");
      var newest = theirs[theirs.length - 1];
      if (newest && newest.dataset.message !== before.last) {
        newest.classList.add("fresh");
        var announcer = document.getElementById("announcer");
        if (announcer) announcer.textContent = newest.querySelector("p").textContent;
        hintOther(paper);
      }
    });
  });

  // A keyboard that opens makes the paper smaller; its end stays in sight.
  if (window.ResizeObserver) {
    var heights = new WeakMap();
    var keepEnd = new ResizeObserver(function (entries) {
      entries.forEach(function (entry) {
        var paper = entry.target, before = heights.get(paper) || 0;
        if (paper.scrollHeight - paper.scrollTop - before < NEAR_END) toEnd(paper);
        heights.set(paper, paper.clientHeight);
      });
    });
    document.querySelectorAll("[data-scroll]").forEach(function (paper) { keepEnd.observe(paper); });
  }

  // On a narrow page only one telephone shows; a message on the other one is worth a dot.
  function hintOther(paper) {
    var side = paper.closest("[data-side]").dataset.side;
    var shown = document.querySelector("[data-shown]");
    var link = document.querySelector("[data-show='" + side + "']");
    if (shown && link && shown.dataset.shown !== side) link.classList.add("unread");
  }
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-show]");
    if (!link) return;
    event.preventDefault();
    document.querySelector("[data-shown]").dataset.shown = link.dataset.show;
    document.querySelectorAll("[data-show]").forEach(function (one) { one.removeAttribute("aria-current"); });
    link.setAttribute("aria-current", "true");
    link.classList.remove("unread");
    history.replaceState(null, "", link.href);
    document.querySelectorAll("[data-scroll]").forEach(toEnd);
  });

  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt;
    if (!form.hasAttribute("data-composer") || !event.detail.successful) return;
    var text = form.querySelector("textarea");
    var trigger = event.detail.requestConfig.triggeringEvent;
    var pressed = trigger && trigger.submitter;
    if (!pressed || pressed.name !== "suggestion") { text.value = ""; grow(text); }
    if (window.matchMedia("(min-width: 60rem)").matches) text.focus();
  });
  document.addEventListener("keydown", function (event) {
    var text = event.target;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && text.matches("[data-composer] textarea")) {
      event.preventDefault();
      if (text.value.trim()) text.form.requestSubmit(text.form.querySelector("button.round"));
    }
    if (event.key === "Escape") document.querySelectorAll("details[data-closes][open], details.me[open]").forEach(function (one) {
      one.open = false;
      one.querySelector("summary").focus();
    });
  });
  function grow(text) {
    text.style.height = "auto";
    text.style.height = Math.min(text.scrollHeight + 2, 160) + "px";
  }
  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-composer] textarea")) grow(event.target);
  });

  // A sheet closes when one taps beside it.
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details[data-closes][open], details.me[open]").forEach(function (one) {
      if (!one.contains(event.target)) one.open = false;
    });
  });

  // What is pressed twice by a nervous thumb is sent once.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
    document.querySelectorAll("[data-scroll]").forEach(toEnd);
  });

  // The chip that is chosen is in sight, and so is a refusal.
  document.querySelectorAll(".chips [aria-current]").forEach(function (chip) {
    chip.parentElement.scrollLeft = chip.offsetLeft - chip.parentElement.offsetLeft - 16;
  });
  document.querySelectorAll("[data-scroll]").forEach(toEnd);
})();
