/* Light or dark: the reader's system decides unless the reader has chosen here.
   Runs before the page is drawn, so that a chosen theme never flashes in the other one. */
(function () {
  "use strict";
  var KEY = "equieval-theme";
  var CHOICES = { light: "Light", dark: "Dark", system: "As my device" };
  var root = document.documentElement;

  function stored() {
    try {
      var value = window.localStorage.getItem(KEY);
      return value === "light" || value === "dark" ? value : "system";
    } catch (error) {
      return "system"; // storage is blocked: follow the device
    }
  }

  function apply(choice) {
    if (choice === "system") {
      root.removeAttribute("data-theme");
    } else {
      root.setAttribute("data-theme", choice);
    }
  }

  function store(choice) {
    try {
      window.localStorage.setItem(KEY, choice);
    } catch (error) {
      /* storage is blocked: the choice holds for this page */
    }
  }

  apply(stored());

  document.addEventListener("DOMContentLoaded", function () {
    var place = document.querySelector("[data-theme-switch]");
    if (!place) {
      return;
    }
    var label = document.createElement("label");
    var select = document.createElement("select");
    label.textContent = "Theme";
    label.htmlFor = select.id = "theme-choice";
    Object.keys(CHOICES).forEach(function (choice) {
      var option = document.createElement("option");
      option.value = choice;
      option.textContent = CHOICES[choice];
      option.selected = choice === stored();
      select.appendChild(option);
    });
    select.addEventListener("change", function () {
      apply(select.value);
      store(select.value);
    });
    place.appendChild(label);
    place.appendChild(select);
  });
})();
