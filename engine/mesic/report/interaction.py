"""A closer look at the charts of a page: what a mark says, where the pointer or the arrow keys are; a drag magnifies.

Without JavaScript the page says the same: every mark has its title, and tables stand below the charts.
"""

LOOK = """
.tip{position:fixed;z-index:9;left:0;top:0;max-width:22rem;padding:.4rem .65rem;border-radius:8px;pointer-events:none;
background:var(--ink);color:var(--paper);font-size:.85rem;line-height:1.4;font-variant-numeric:tabular-nums}
.tip[hidden]{display:none}
.chart .pointed{stroke:var(--ink)!important;stroke-width:2.5px!important;opacity:1!important}
.chart.closer{cursor:crosshair}
.closer .frame{fill:var(--accent);opacity:.18}
.magnified *{vector-effect:non-scaling-stroke}
.magnified text{font-size:calc(13px*var(--shrunk))}
.hint{color:var(--soft);font-size:.85rem;margin:.2rem 0 0}
@media print{.tip,.hint{display:none}}
"""

SCRIPT = """
(() => {
  const REACH = 20, LEAST = 8, FEWEST = 8, SMALLEST = 30;
  const tip = document.createElement("div");
  tip.className = "tip"; tip.setAttribute("role", "status"); tip.hidden = true;
  document.body.append(tip);

  const middle = mark => {
    const box = mark.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const far = (mark, x, y) => {
    const box = mark.getBoundingClientRect();
    return Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
  };

  function show(svg, mark, [x, y]) {
    hide(svg);
    mark.classList.add("pointed");
    tip.textContent = mark.dataset.note; tip.hidden = false;
    const box = tip.getBoundingClientRect(), edge = 8;
    const left = Math.min(Math.max(edge, x + 14), innerWidth - box.width - edge);
    const top = y - box.height - 14 < edge ? y + 18 : y - box.height - 14;
    tip.style.transform = `translate(${Math.max(edge, left)}px,${top}px)`;
  }

  function hide(svg) {
    tip.hidden = true;
    svg.querySelectorAll(".pointed").forEach(mark => mark.classList.remove("pointed"));
  }

  function pointing(svg, marks) {
    svg.addEventListener("pointermove", event => {
      if (event.buttons) return;
      const near = marks.map(mark => [far(mark, event.clientX, event.clientY), mark]).filter(([away]) => away <= REACH);
      if (!near.length) return hide(svg);
      const [, mark] = near.reduce((best, one) => one[0] < best[0] ? one : best);
      show(svg, mark, [event.clientX, event.clientY]);
    });
    svg.addEventListener("pointerleave", () => hide(svg));
    svg.addEventListener("blur", () => hide(svg));
    let place = -1;
    svg.tabIndex = 0;
    svg.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const ordered = [...marks].sort((a, b) => middle(a)[0] - middle(b)[0]);
      place = (place + step + ordered.length) % ordered.length;
      show(svg, ordered[place], middle(ordered[place]));
    });
  }

  function magnifying(svg) {
    const whole = svg.getAttribute("viewBox"), view = svg.viewBox.baseVal, ratio = view.height / view.width;
    const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    frame.setAttribute("class", "frame");
    let from = null;
    const at = event => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const box = event => {
      const to = at(event);
      return [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
    };
    const dots = [...svg.querySelectorAll("circle")].map(dot => [dot, dot.r.baseVal.value]), full = view.width;
    const look = (box, width) => {
      svg.setAttribute("viewBox", box);
      svg.classList.toggle("magnified", width < full);
      svg.style.setProperty("--shrunk", width / full);
      dots.forEach(([dot, radius]) => dot.setAttribute("r", radius * width / full));
    };
    const reset = () => look(whole, full);
    svg.classList.add("closer");
    svg.addEventListener("pointerdown", event => {
      if (event.pointerType !== "mouse" || event.button) return;
      event.preventDefault(); svg.focus({ preventScroll: true }); hide(svg);
      from = at(event);
      svg.append(frame);
    });
    addEventListener("pointermove", event => {
      if (!from) return;
      ["x", "y", "width", "height"].forEach((name, place) => frame.setAttribute(name, box(event)[place]));
    });
    addEventListener("pointerup", event => {
      if (!from) return;
      const [x, y, width, height] = box(event);
      frame.remove(); ["width", "height"].forEach(name => frame.setAttribute(name, 0)); from = null;
      if (width < LEAST && height < LEAST) return;
      const wide = Math.max(width, height / ratio, SMALLEST), high = wide * ratio;
      look([x + width / 2 - wide / 2, y + height / 2 - high / 2, wide, high].join(" "), wide);
    });
    svg.addEventListener("dblclick", reset);
    svg.addEventListener("keydown", event => { if (event.key === "Escape") reset(); });
  }

  for (const figure of document.querySelectorAll("figure")) {
    let closer = false;
    for (const svg of figure.querySelectorAll("svg.chart")) {
      svg.querySelector(":scope > title")?.remove();
      const marks = [...svg.querySelectorAll("circle, rect")].filter(mark => mark.querySelector("title"));
      for (const mark of marks) {
        mark.dataset.note = mark.querySelector("title").textContent;
        mark.setAttribute("role", "img"); mark.setAttribute("aria-label", mark.dataset.note);
        mark.querySelector("title").remove();
      }
      if (marks.length) pointing(svg, marks);
      if (marks.filter(mark => mark.tagName === "circle").length >= FEWEST) { magnifying(svg); closer = true; }
    }
    if (!closer) continue;
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "Drag to look closer; double-click or Escape for the whole. Arrow keys go from mark to mark.";
    figure.append(hint);
  }
})();
"""
