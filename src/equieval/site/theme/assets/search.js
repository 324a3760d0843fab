/* Search: our own form over the index that was made when the site was built. Needs a web server;
   opened from a folder, the page keeps its lists of links and says why. */
(function () {
  "use strict";
  var form = document.querySelector("[data-search-form]");
  var status = document.querySelector("[data-search-status]");
  var list = document.querySelector("[data-search-results]");
  if (!form || !status || !list) {
    return;
  }
  var query = form.querySelector("input[type=search]");
  var older = form.querySelector("input[type=checkbox]");
  var SHOWN = 20;
  var UNSERVED = "Search does not work here: it needs a web server, and this page was opened from a "
    + "folder. The lists below lead to every page.";
  var engine = null;
  var asked = 0;

  function start() {
    if (!engine) {
      engine = import(new URL("pagefind/pagefind.js", document.baseURI).href)
        .then(function (module) {
          return Promise.resolve(module.options({ excerptLength: 28 }))
            .then(function () { return module.init(); })
            .then(function () { return module; });
        });
    }
    return engine;
  }

  function element(name, text, className) {
    var made = document.createElement(name);
    if (text) { made.textContent = text; }
    if (className) { made.className = className; }
    return made;
  }

  /* An excerpt is text with <mark> in it; only that one element is let through. */
  function excerpt(html) {
    var paragraph = element("p");
    html.split(/(<mark>.*?<\/mark>)/).forEach(function (part) {
      var marked = part.match(/^<mark>(.*)<\/mark>$/);
      var text = "<p>" + (marked ? marked[1] : part) + "</p>";
      var words = new DOMParser().parseFromString(text, "text/html").body.textContent;
      paragraph.appendChild(marked ? element("mark", words) : document.createTextNode(words));
    });
    return paragraph;
  }

  function show(page) {
    var item = element("li");
    var link = element("a", page.meta.title);
    link.href = page.url;
    item.appendChild(link);
    if (page.meta.about) {
      item.appendChild(element("p", page.meta.about, "where"));
    }
    item.appendChild(excerpt(page.excerpt));
    list.appendChild(item);
  }

  /* Where no page has a word, the index answers with pages that have its first letter or two:
     nobody looked for those. */
  function answers(page, terms) {
    var marks = page.excerpt.match(/<mark>.*?<\/mark>/g);
    return !marks || marks.some(function (mark) {
      var found = lettered(mark.slice(6, -7));
      return terms.some(function (word) {
        return found.some(function (other) { return other.indexOf(word.slice(0, 4)) === 0; });
      });
    });
  }

  function lettered(words) {
    return words.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  }

  function search() {
    var words = query.value.trim();
    var turn = ++asked;
    list.textContent = "";
    if (!words) {
      status.textContent = "";
      return Promise.resolve();
    }
    status.textContent = "Searching …";
    return start()
      .then(function (module) {
        return module.search(words, older.checked ? {} : { filters: { edition: "current" } });
      })
      .then(function (found) {
        var first = found.results.slice(0, SHOWN);
        return Promise.all(first.map(function (result) { return result.data(); }))
          .then(function (pages) {
            if (turn !== asked) {
              return;
            }
            var meant = pages.filter(function (page) { return answers(page, lettered(words)); });
            var count = meant.length === 0 ? 0 : found.results.length;
            status.textContent = count === 0
              ? "Nothing found for “" + words + "”. Try fewer or other words."
              : count + (count === 1 ? " page" : " pages") + " found"
                + (count > meant.length ? ", the first " + meant.length + " are shown" : "");
            meant.forEach(show);
          });
      })
      .catch(function () {
        status.textContent = "The search index could not be read. The lists below lead to every "
          + "page.";
      });
  }

  function remember() {
    var address = new URL(location.href);
    address.searchParams.set("q", query.value.trim());
    if (older.checked) {
      address.searchParams.set("older", "1");
    } else {
      address.searchParams.delete("older");
    }
    history.replaceState(null, "", address);
  }

  if (location.protocol === "file:") {
    form.hidden = true;
    status.textContent = UNSERVED;
    return;
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    remember();
    search();
  });
  older.addEventListener("change", function () {
    remember();
    search();
  });

  var given = new URLSearchParams(location.search);
  query.value = given.get("q") || "";
  older.checked = given.get("older") === "1";
  search();
})();
