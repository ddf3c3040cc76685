"use strict";
// Nothing here is needed to read the page: values beside the pointer, sorting, filtering.
(() => {
  const UNITS = { ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12, d: 8.64e13 };
  // The number that a text begins with, times in nanoseconds and rates in seconds; null without one.
  const value = (text) => {
    const plain = text.trim().replaceAll(",", "").replaceAll("−", "-").replace(/^[<>+±] ?/, "");
    const rate = plain.match(/^(-?[\d.]+)( [kMG])?\/([a-zµ]+)/);
    if (rate) return (Number(rate[1]) / (UNITS[rate[3]] || 1)) * ({ k: 1e3, M: 1e6, G: 1e9 }[(rate[2] || "").trim()] || 1);
    const parts = [...plain.matchAll(/(-?[\d.]+) (ns|µs|ms|s|m|h|d)(?![a-z])/g)];
    if (parts.length && plain.startsWith(parts[0][0])) return parts.reduce((sum, part) => sum + Number(part[1]) * UNITS[part[2]], 0);
    const number = plain.match(/^-?[\d.]+/);
    return number ? Number(number[0]) : null;
  };
  const rank = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    return x - y;
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const [head, body] = [table.tHead.rows[0], table.tBodies[0]];
    [...head.cells].forEach((cell, column) => {
      if (!cell.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      cell.append(button);
      const isNumber = cell.classList.contains("number");
      button.addEventListener("click", () => {
        const before = cell.getAttribute("aria-sort");
        const down = before ? before === "ascending" : isNumber;
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        const text = (row) => (row.cells[column] ? row.cells[column].textContent : "");
        const order = isNumber ? rank : (a, b) => a.localeCompare(b, "en", { numeric: true });
        const rows = [...body.rows].filter((row) => !row.classList.contains("whole"));
        // What has no value stays at the end, whichever way the rest goes.
        const empty = (row) => isNumber && value(text(row)) === null;
        rows.sort((a, b) => empty(a) - empty(b) || (down ? -1 : 1) * order(text(a), text(b)));
        body.prepend(...rows);
      });
    });
  }

  for (const table of document.querySelectorAll("table.searched")) {
    const body = table.tBodies[0];
    const bar = document.createElement("div");
    bar.className = "filter";
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    label.append("Filter ", input);
    bar.append(label);
    const outcomes = [...new Set([...body.rows].map((row) => row.dataset.outcome).filter(Boolean))];
    let select = null;
    if (outcomes.length > 1) {
      select = document.createElement("select");
      for (const name of ["all", ...outcomes]) select.append(new Option(name, name));
      const about = document.createElement("label");
      about.append("Outcome ", select);
      bar.append(about);
    }
    const told = document.createElement("span");
    told.setAttribute("role", "status");
    bar.append(told);
    table.closest(".scroll").before(bar);
    const apply = () => {
      const wanted = input.value.trim().toLowerCase();
      let shown = 0;
      for (const row of body.rows) {
        const fits = (!wanted || row.textContent.toLowerCase().includes(wanted)) && (!select || select.value === "all" || row.dataset.outcome === select.value);
        row.hidden = !fits;
        shown += fits;
      }
      told.textContent = wanted || (select && select.value !== "all") ? `${shown} of ${body.rows.length}` : "";
    };
    input.addEventListener("input", apply);
    if (select) select.addEventListener("change", apply);
  }

  for (const figure of document.querySelectorAll("figure.plot")) {
    const svg = figure.querySelector("svg");
    const table = figure.querySelector("table");
    const cursor = svg.querySelector(".cursor");
    const rows = [...table.tBodies[0].rows];
    if (!rows.length || !cursor) continue;
    const places = rows.map((row) => Number(row.dataset.x));
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    figure.append(tip);
    const hide = () => {
      tip.hidden = true;
      cursor.style.visibility = "hidden";
    };
    const show = (index) => {
      cursor.setAttribute("x1", places[index]);
      cursor.setAttribute("x2", places[index]);
      cursor.style.visibility = "visible";
      tip.replaceChildren();
      [...rows[index].cells].forEach((cell, column) => {
        const line = document.createElement(column ? "div" : "b");
        line.textContent = column ? `${names[column]} ${cell.textContent}` : `${cell.textContent}`;
        tip.append(line);
      });
      tip.hidden = false;
      const box = svg.getBoundingClientRect();
      const outer = figure.getBoundingClientRect();
      const at = (places[index] / 720) * box.width;
      const right = at + 14 + tip.offsetWidth > box.width;
      tip.style.left = `${Math.max(0, right ? at - 14 - tip.offsetWidth : at + 14)}px`;
      tip.style.top = `${box.top - outer.top + 36}px`;
    };
    let current = -1;
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 720;
      let nearest = 0;
      places.forEach((place, index) => {
        if (Math.abs(place - x) < Math.abs(places[nearest] - x)) nearest = index;
      });
      show((current = nearest));
    });
    svg.addEventListener("pointerleave", hide);
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
      if (event.key === "Escape") return hide();
      if (!steps) return;
      event.preventDefault();
      show((current = Math.min(rows.length - 1, Math.max(0, current + steps))));
    });
    svg.addEventListener("blur", hide);
  }
})();
