/* Contents beside the text: open on wide screens, and the part being read is marked.
   Without this script the contents open and close by hand. */
(function () {
  "use strict";
  var wide = window.matchMedia("(min-width: 64em)");
  var panels = document.querySelectorAll(".page-aside details");

  function fit() {
    panels.forEach(function (panel) {
      panel.open = wide.matches;
    });
  }

  fit();
  wide.addEventListener("change", fit);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("main details").forEach(function (details) {
      if (!details.classList.contains("code-fold")) {
        details.open = true;
      }
    });
  });

  /* A link into something folded opens it; browsers that do so themselves find it open. So does
     a link to an entry that says where something comes from. */
  function reveal() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    var more = target && target.querySelector(":scope > .origin-more");
    if (more) {
      more.open = true;
    }
    var folded = target && target.parentElement.closest("details:not([open])");
    for (var around = folded; around; around = around.parentElement.closest("details")) {
      around.open = true;
    }
    if (folded) {
      target.scrollIntoView();
    }
  }

  reveal();
  window.addEventListener("hashchange", reveal);

  var links = {};
  document.querySelectorAll(".page-contents a").forEach(function (link) {
    links[decodeURIComponent(link.hash.slice(1))] = link;
  });
  var headings = Object.keys(links)
    .map(function (id) { return document.getElementById(id); })
    .filter(Boolean);
  if (!headings.length || !("IntersectionObserver" in window)) {
    return;
  }
  function mark() {
    var current = headings[0];
    headings.forEach(function (heading) {
      if (heading.getBoundingClientRect().top < 160) {
        current = heading;
      }
    });
    Object.keys(links).forEach(function (id) {
      if (id === current.id) {
        links[id].setAttribute("aria-current", "location");
      } else {
        links[id].removeAttribute("aria-current");
      }
    });
  }
  var observer = new IntersectionObserver(mark, { rootMargin: "-150px 0px -60% 0px" });
  headings.forEach(function (heading) { observer.observe(heading); });
  mark();
})();
