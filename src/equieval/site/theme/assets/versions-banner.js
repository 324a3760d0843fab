/* Tells a reader of a published version what has happened since: a newer version, a correction,
   a withdrawal. The page's bytes never change; what it says comes from versions.js at the root
   of the site. Without that file the page still links to all its versions. */
(function () {
  "use strict";
  var root = document.documentElement;
  var id = root.getAttribute("data-evaluation");
  var version = root.getAttribute("data-version");
  var home = root.getAttribute("data-home");
  var known = window.equievalVersions;
  if (!known || !id || !known.evaluations[id]) {
    return;
  }
  var versions = known.evaluations[id].versions;
  var here = versions.findIndex(function (entry) { return entry.version === version; });
  if (here < 0) {
    return;
  }
  var mine = versions[here];
  var page = decodeURIComponent(location.pathname.split("/").pop() || "index.html");
  var slug = page.replace(/\.html$/, "") || "index";

  function address(entry) {
    var has = entry.pages.indexOf(slug) >= 0;
    return home + "/reports/" + id + "/" + entry.version + "/" + (has ? slug : "index") + ".html";
  }

  function element(name, text, className) {
    var made = document.createElement(name);
    if (text) { made.textContent = text; }
    if (className) { made.className = className; }
    return made;
  }

  function link(entry, text) {
    var made = element("a", text);
    made.href = address(entry);
    return made;
  }

  var states = {
    withdrawn: ["Withdrawn", "This version was withdrawn. Do not use its figures."],
    corrected: ["Corrected", "A later version corrects an error in this one."],
    superseded: ["Superseded", "A later version with final figures replaces this one."],
    newer: ["Newer version", "A newer version of this report has been published."]
  };

  function banner() {
    var place = document.querySelector("[data-version-banner]");
    if (!place || !states[mine.state]) {
      return;
    }
    var words = element("p");
    words.appendChild(element("strong", states[mine.state][0] + ". "));
    words.appendChild(document.createTextNode(states[mine.state][1] + " "));
    if (mine.note) {
      words.appendChild(document.createTextNode(mine.note + " "));
    }
    var latest = versions.filter(function (entry) { return entry.state === "latest"; })[0];
    if (latest) {
      words.appendChild(link(latest, "Read this page in version " + latest.version));
      words.appendChild(document.createTextNode("."));
    }
    place.className = "version-banner version-banner-" + mine.state;
    place.appendChild(words);
    place.hidden = false;
  }

  function switcher() {
    var place = document.querySelector("[data-version-switch]");
    if (!place || versions.length < 2) {
      return;
    }
    var details = element("details");
    details.appendChild(element("summary", "Read this page in another version"));
    var list = element("ul");
    versions.slice().reverse().forEach(function (entry) {
      var item = element("li");
      var words = "Version " + entry.version + (entry.label ? " (" + entry.label + ")" : "");
      if (entry.version === version) {
        var current = element("span", words);
        current.setAttribute("aria-current", "true");
        item.appendChild(current);
      } else {
        item.appendChild(link(entry, words));
      }
      var about = ", " + entry.date_words + ", " + entry.status;
      if (entry.pages.indexOf(slug) < 0) {
        about += "; this page is not part of it, the link goes to its summary";
      }
      item.appendChild(document.createTextNode(about));
      list.appendChild(item);
    });
    details.appendChild(list);
    place.appendChild(details);
  }

  banner();
  switcher();
})();
