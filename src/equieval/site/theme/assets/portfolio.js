/* Filters of the portfolio. Without this script all evaluations are shown and the form is not.
   The choice stands in the address (#design=audit&data=real), so that it can be passed on; it
   works from a folder too. */
(function () {
  "use strict";
  var form = document.querySelector("[data-filters]");
  var count = document.querySelector("[data-filter-count]");
  if (!form || !count) {
    return;
  }
  var selects = Array.prototype.slice.call(form.querySelectorAll("select"));
  var cards = Array.prototype.slice.call(document.querySelectorAll(".card"));
  var sections = document.querySelectorAll("[data-programme]");

  function chosen() {
    return selects.filter(function (select) { return select.value; });
  }

  function matches(card) {
    return chosen().every(function (select) {
      var values = (card.getAttribute("data-" + select.name) || "").split(" ");
      return values.indexOf(select.value) >= 0;
    });
  }

  function show() {
    var shown = 0;
    cards.forEach(function (card) {
      card.hidden = !matches(card);
      shown += card.hidden ? 0 : 1;
    });
    sections.forEach(function (section) {
      section.hidden = !section.querySelector(".card:not([hidden])");
    });
    var all = cards.length + " evaluations";
    count.textContent = chosen().length === 0 ? all
      : shown === 0 ? "None of " + all + " matches. Choose “All” in a filter, or show all."
      : shown + " of " + all + " shown";
  }

  function remember() {
    var words = new URLSearchParams();
    chosen().forEach(function (select) { words.set(select.name, select.value); });
    var hash = words.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  }

  /* A hash without "=" is the id of a place on the page and chooses nothing. */
  function recall() {
    var words = new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : "");
    selects.forEach(function (select) {
      select.value = words.get(select.name) || "";
      if (select.selectedIndex < 0) {
        select.value = "";
      }
    });
    show();
  }

  form.addEventListener("change", function () {
    remember();
    show();
  });
  form.addEventListener("reset", function () {
    setTimeout(function () {
      remember();
      show();
    });
  });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  recall();
})();
