/* Light or dark: the reader's device decides unless the reader has chosen here.
   Runs before the page is drawn, so that a chosen theme never flashes in the other one. */
(function () {
  "use strict";
  var KEY = "equieval-theme";
  var root = document.documentElement;
  var device = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      var value = window.localStorage.getItem(KEY);
      return value === "light" || value === "dark" ? value : null;
    } catch (error) {
      return null; // storage is blocked: follow the device
    }
  }

  function ofDevice() {
    return device.matches ? "dark" : "light";
  }

  function shown() {
    return root.getAttribute("data-theme") || ofDevice();
  }

  function show(theme) {
    if (theme) {
      root.setAttribute("data-theme", theme);
    } else {
      root.removeAttribute("data-theme");
    }
  }

  // A choice that equals the device's is no choice: the page follows the device again.
  function choose(theme) {
    var choice = theme === ofDevice() ? null : theme;
    show(choice);
    try {
      if (choice) {
        window.localStorage.setItem(KEY, choice);
      } else {
        window.localStorage.removeItem(KEY);
      }
    } catch (error) {
      /* storage is blocked: the choice holds for this page */
    }
  }

  show(chosen());

  document.addEventListener("DOMContentLoaded", function () {
    var place = document.querySelector("[data-theme-switch]");
    if (!place) {
      return;
    }
    var button = document.createElement("button");
    var words = document.createElement("span");
    button.type = "button";
    button.className = "theme-button";
    words.textContent = "Dark theme";
    button.appendChild(words);
    function say() {
      button.setAttribute("aria-pressed", String(shown() === "dark"));
    }
    button.addEventListener("click", function () {
      choose(shown() === "dark" ? "light" : "dark");
      say();
    });
    device.addEventListener("change", say);
    say();
    place.appendChild(button);
  });
})();
