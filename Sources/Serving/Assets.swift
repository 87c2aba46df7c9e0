/// The files that the pages refer to, other than pages.
enum Assets {
  /// The style of the server's own parts; the colors are those of the reports.
  static let style = """
    :root { --wash: #f6f8fa; }
    @media (prefers-color-scheme: dark) { :root { --wash: #1c2126; } }
    .bar { position: sticky; top: 0; z-index: 2; display: flex; gap: 1rem; align-items: center;
      justify-content: space-between; padding: .55rem 1.25rem; background: var(--paper);
      border-bottom: 1px solid var(--line); font-size: .9rem; }
    .bar nav { display: flex; gap: .75rem; align-items: baseline; min-width: 0; }
    .bar .home { font-weight: 600; color: var(--ink); text-decoration: none; }
    .bar .trail { color: var(--faint); overflow: hidden; text-overflow: ellipsis;
      white-space: nowrap; }
    .bar .trail::before { content: "/"; margin-right: .75rem; color: var(--line); }
    .live { display: inline-flex; align-items: center; gap: .4rem; color: var(--faint); }
    .live::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%;
      background: var(--good); animation: pulse 2s ease-in-out infinite; }
    .live.lost::before { background: var(--bad); animation: none; }
    @keyframes pulse { 50% { opacity: .35; } }
    @media (prefers-reduced-motion: reduce) { .live::before { animation: none; } }
    main { padding-top: 1.5rem; }
    main.full { max-width: 90rem; padding-left: 1.25rem; padding-right: 1.25rem; }
    h1.quiet { font-size: 1.15rem; font-weight: 600; margin: 0 0 .9rem; }
    .filter { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1rem;
      font-size: .9rem; }
    input[type=search], input[type=number], select, button { font: inherit; font-size: .9rem;
      color: var(--ink); background: var(--paper); border: 1px solid var(--line);
      border-radius: 6px; padding: .35rem .6rem; }
    input[type=search] { flex: 1 1 14rem; max-width: 26rem; min-width: 0; }
    input[type=number] { width: 5.5rem; }
    button { background: var(--wash); cursor: pointer; }
    button:hover:enabled { border-color: var(--faint); }
    button:disabled { color: var(--faint); cursor: default; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
    label { display: inline-flex; gap: .4rem; align-items: center; color: var(--faint); }
    table.runs { width: 100%; }
    table.runs th, table.runs td { padding: .38rem 1.25rem .38rem 0; }
    table.runs th a { color: inherit; } table.runs th[aria-sort] a { color: var(--ink); }
    table.runs th.number, table.compared th.number { text-align: right; }
    table.runs tbody tr:hover { background: var(--wash); }
    table.runs .pick { width: 1.4rem; padding-right: .6rem; }
    table.runs .pick input { margin: 0; vertical-align: -.1em; width: 1rem; height: 1rem;
      accent-color: var(--accent); }
    table.runs .name { width: 40%; font-weight: 500; }
    table.runs .date { color: var(--faint); }
    table.runs td:last-child, table.runs th:last-child { padding-right: .25rem; }
    .tag { margin-left: .5rem; padding: .05rem .4rem; border: 1px solid var(--line);
      border-radius: 99px; color: var(--faint); font-size: .75rem; font-weight: 400; }
    .status { display: inline-flex; align-items: center; gap: .4rem; }
    .status::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%;
      background: currentColor; flex: none; }
    .status.running { color: var(--accent); }
    .status.running::before { animation: pulse 2s ease-in-out infinite; }
    .foot { position: sticky; bottom: 0; display: flex; flex-wrap: wrap; gap: .5rem 1rem;
      align-items: center; padding: .7rem 0; background: var(--paper); font-size: .9rem;
      color: var(--faint); }
    .foot .pages { margin-left: auto; } .foot .off { opacity: .5; }
    .empty { color: var(--faint); padding: 2rem 0; }
    code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    table.compared th, table.compared td { vertical-align: top; }
    table.compared thead th, table.compared td { text-align: right; }
    table.compared td { white-space: normal; max-width: 22rem; overflow-wrap: anywhere;
      min-width: 5rem; }
    table.compared th[scope=row] { color: var(--ink); font-weight: 400; padding-right: 2rem; }
    table.compared tbody tr:hover { background: var(--wash); }
    table.compared .best { font-weight: 650; }
    button.plain { border: 0; background: none; color: var(--accent); padding: .35rem 0; }
    [hidden] { display: none !important; }
    @media (max-width: 40rem) {
      main.full { padding-left: 1rem; padding-right: 1rem; } .bar { padding: .55rem 1rem; }
      table.runs, table.runs tbody { display: block; } table.runs thead { display: none; }
      table.runs tr { display: grid; grid-template-columns: 1.6rem 1fr auto; gap: .1rem .25rem;
        padding: .5rem 0; border-bottom: 1px solid var(--line); align-items: baseline; }
      table.runs td, table.runs .name { border: 0; padding: 0; width: auto; }
      table.runs .name { white-space: normal; overflow-wrap: anywhere; }
      table.runs td:nth-child(7) { grid-area: 1 / 3; }
      table.runs td:nth-child(3) { grid-area: 2 / 2; font-size: .85rem; }
      table.runs td:nth-child(6) { grid-area: 2 / 3; color: var(--faint); font-size: .85rem;
        text-align: right; }
      table.runs td:last-child { padding: 0; }
      table.runs .date { grid-area: 3 / 2; font-size: .85rem; }
      table.runs td:nth-child(5) { display: none; }
      table.compared th[scope=row] { white-space: normal; overflow-wrap: anywhere;
        min-width: 7rem; padding-right: 1rem; }
    }

    """

  /// Improves the pages, which are complete without it: they follow the files while runs
  /// train, the filter applies while the reader types, and selected runs stay selected.
  static let script = """
    "use strict";
    (() => {
      const live = document.getElementById("live");
      const part = document.getElementById("updated") ? "#updated" : "main";
      const filter = document.getElementById("filter");
      let address = location.href;
      let isLoading = false, isStale = false;

      // The selection lasts while the reader turns pages.
      const selected = new Set(JSON.parse(sessionStorage.getItem("selected") || "[]"));
      const boxes = () => document.querySelectorAll("#compare input[name=run]");
      function showSelection() {
        const button = document.getElementById("compare-button");
        if (!button) return;
        for (const box of boxes()) box.checked = selected.has(box.value);
        button.disabled = selected.size < 2;
        document.getElementById("clear").hidden = selected.size == 0;
        sessionStorage.setItem("selected", JSON.stringify([...selected]));
        button.textContent = selected.size < 2
          ? "Select runs to compare" : `Compare ${selected.size} runs`;
      }

      // Replaces the part of the page that follows the files by that of the page as it is now.
      async function refresh() {
        if (isLoading) { isStale = true; return; }
        isLoading = true;
        try {
          const response = await fetch(address);
          const page = new DOMParser().parseFromString(await response.text(), "text/html");
          const old = document.querySelector(part), fresh = page.querySelector(part);
          if (old && fresh) {
            const open = [...old.querySelectorAll("details")].map(part => part.open);
            fresh.querySelectorAll("details").forEach((part, i) => { part.open = !!open[i]; });
            old.replaceWith(document.adoptNode(fresh));
            showSelection();
            // The script of the charts applies to those that it finds.
            for (const tip of document.querySelectorAll(".tip")) tip.remove();
            const script = document.createElement("script");
            script.src = "/page.js";
            script.onload = () => script.remove();
            document.head.append(script);
          }
        } catch { /* The events report a lost connection. */ }
        isLoading = false;
        if (isStale) { isStale = false; setTimeout(refresh, 200); }
      }

      // One connection, and only while the page is seen: browsers open few to one server.
      let source = null;
      function connect() {
        if (!live || source || document.hidden) return;
        live.hidden = false;
        source = new EventSource(live.dataset.events);
        source.onopen = () => { live.classList.remove("lost"); live.textContent = "live"; };
        source.onerror = () => {
          live.classList.add("lost"); live.textContent = "connection lost";
        };
        source.addEventListener("change", refresh);
        source.addEventListener("end", () => {
          source.close(); source = null; live.remove(); refresh();
          document.removeEventListener("visibilitychange", seen);
        });
      }
      function seen() {
        if (document.hidden) { source?.close(); source = null; } else { connect(); refresh(); }
      }
      if (live) { document.addEventListener("visibilitychange", seen); connect(); }

      if (filter) {
        let timer = 0;
        const apply = () => {
          const url = new URL(filter.action), data = new FormData(filter);
          for (const [name, value] of data) if (value) url.searchParams.set(name, value);
          history.replaceState(null, "", url);
          address = url.href;
          refresh();
        };
        filter.querySelector("button").hidden = true;
        filter.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, 120); });
        filter.addEventListener("submit", event => { event.preventDefault(); apply(); });
      }

      document.addEventListener("click", event => {
        if (event.target.id == "clear") { selected.clear(); showSelection(); }
      });
      document.addEventListener("change", event => {
        const box = event.target;
        if (box.name !== "run" || box.type !== "checkbox") return;
        if (box.checked) selected.add(box.value); else selected.delete(box.value);
        showSelection();
      });
      document.addEventListener("submit", event => {
        if (event.target.id !== "compare") return;
        event.preventDefault();
        const query = new URLSearchParams();
        for (const run of selected) query.append("run", run);
        location.href = "/compare?" + query;
      });
      for (const box of boxes()) if (box.checked) selected.add(box.value);
      showSelection();
    })();

    """

  static let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" \
    rx="7" fill="#0a58a6"/><path d="M6 7c3 13 8 16 20 17" fill="none" stroke="#fff" \
    stroke-width="3" stroke-linecap="round"/></svg>

    """
}
