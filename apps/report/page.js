// Puts the page together: one run whole, or several compared and then each in its own fold.

function buildPage() {
  const runs = JSON.parse(document.getElementById("data").textContent).map(arrange);
  runs.forEach((run, i) => {
    run.index = i;
  });
  const main = document.getElementById("report");
  if (runs.length === 1)
    main.append(runSection(runs[0], 1));
  else {
    const tasks = [...new Set(runs.map((r) => r.summary.task ?? ""))];
    main.append(
        element(
            "header", {}, element("h1", {}, plural(runs.length, "run")),
            element("p", {class: "about"}, tasks.map(words).join(", "))),
        ...tasks.map((t) => comparison(t, runs.filter((r) => (r.summary.task ?? "") === t))),
        element("h2", {}, "Each run"), ...runs.map((run) => {
          // Built when first opened: a page about many runs opens at once.
          const details = element(
              "details", {
                class: "one",
                id: "run" + run.index,
                ontoggle: () => {
                  if (details.open && details.children.length === 1) details.append(runSection(run, 2));
                }
              },
              element("summary", {}, element("strong", {}, run.name), " ", element("span", {}, headline(run))));
          return details;
        }));
    const openNamed = () => {
      const node = location.hash && document.getElementById(location.hash.slice(1));
      if (node) node.open = true;
    };
    addEventListener("hashchange", openNamed);
    openNamed();
  }
  main.append(element(
      "footer", {},
      "Written by mdgps report" + (runs[0]?.summary.version ? `, version ${runs[0].summary.version}` : "") + "."));
  document.body.append(tooltip);
}

buildPage();
