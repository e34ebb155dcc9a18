// The page's script: answers set formulas from the fit that the page holds, and saves the report.
//
// Every step repeats the program's: `Expression` (src/analysis/expression.rs) and `Intervals::of`
// (src/estimate/regions/interval.rs). Additions come in the same order, so that digits are the same.
"use strict";
(function () {
  const PLACES_MAX = 256;
  const DEPTH_MAX = 64;
  const MANY = 16;
  const USERS_MAX = 3e15;

  // ---- formulas -------------------------------------------------------------------------------

  function parse(text, names) {
    let rest = text;
    const blanks = /^\p{White_Space}+/u;
    const trimmed = () => rest.replace(blanks, "");
    const bytes = (part) => new TextEncoder().encode(part).length;
    const wrong = (what) => {
      const at = bytes(text) - bytes(trimmed());
      return new Error(`at character ${at + 1}: ${what}`);
    };
    const take = (symbol) => {
      const after = trimmed();
      if (!after.startsWith(symbol)) return false;
      rest = after.slice(symbol.length);
      return true;
    };
    const name = () => {
      const here = trimmed();
      if (here.startsWith('"')) {
        const end = here.indexOf('"', 1);
        if (end < 0) throw wrong('a " was expected');
        rest = here.slice(end + 1);
        return here.slice(1, end);
      }
      const found = /^[\p{Alphabetic}\p{N}_.]+/u.exec(here);
      if (!found) throw wrong("the name of a side was expected");
      rest = here.slice(found[0].length);
      return found[0];
    };
    const atom = (depth) => {
      if (take("(")) {
        if (depth >= DEPTH_MAX) throw wrong("too many parentheses");
        const inner = sums(depth + 1);
        if (!take(")")) throw wrong("a ) was expected");
        return inner;
      }
      const wanted = name();
      const side = names.indexOf(wanted);
      if (side < 0) {
        throw new Error(`the formula names a side ${wanted} that isn't there; the sides are ${names.join(", ")}`);
      }
      return (mask) => ((mask >> side) & 1) === 1;
    };
    const products = (depth) => {
      let left = atom(depth);
      while (take("&")) {
        const [a, b] = [left, atom(depth)];
        left = (mask) => a(mask) && b(mask);
      }
      return left;
    };
    const sums = (depth) => {
      let left = products(depth);
      for (;;) {
        const a = left;
        if (take("|")) {
          const b = products(depth);
          left = (mask) => a(mask) || b(mask);
        } else if (take("-")) {
          const b = products(depth);
          left = (mask) => a(mask) && !b(mask);
        } else if (take("^")) {
          const b = products(depth);
          left = (mask) => a(mask) !== b(mask);
        } else {
          return left;
        }
      }
    };
    const formula = sums(0);
    if (trimmed() !== "") throw wrong("an operator (& | - ^) was expected");
    return formula;
  }

  // ---- the fit --------------------------------------------------------------------------------

  function bytesOf(text) {
    const raw = atob(text || "");
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    return new DataView(bytes.buffer);
  }

  function doubles(text) {
    const view = bytesOf(text);
    const values = new Float64Array(view.byteLength / 8);
    for (let i = 0; i < values.length; i += 1) values[i] = view.getFloat64(8 * i, true);
    return values;
  }

  /** Sets of regions: each an array with a 1 in the place of every region in it. */
  function sets(text, places) {
    const view = bytesOf(text);
    const found = [];
    for (let at = 0; at < view.byteLength; at += 32) {
      const set = new Uint8Array(places);
      for (let region = 0; region < places; region += 1) {
        set[region] = (view.getUint8(at + (region >> 3)) >> (region & 7)) & 1;
      }
      found.push(set);
    }
    return found;
  }

  const within = (a, b) => a.every((inside, region) => !inside || b[region]);
  const same = (a, b) => a.every((inside, region) => inside === b[region]);

  function dot(v, w) {
    const sums = [0, 0, 0, 0];
    const whole = v.length - (v.length % 4);
    let rest = 0;
    for (let i = whole; i < v.length; i += 1) rest += v[i] * w[i];
    for (let i = 0; i < whole; i += 4) {
      for (let j = 0; j < 4; j += 1) sums[j] += v[i + j] * w[i + j];
    }
    return sums[0] + sums[1] + sums[2] + sums[3] + rest;
  }

  function sumOf(set) {
    const picked = [];
    set.forEach((inside, region) => inside && picked.push(region));
    if (picked.length >= MANY) return (values) => dot(values, set);
    return (values) => picked.reduce((sum, region) => sum + values[region], 0);
  }

  function cube(n, z) {
    const root = 1 - 1 / (9 * n) + z / (3 * Math.sqrt(n));
    return n * (root * root * root);
  }

  function wholeUsers(value, lower, upper) {
    const slack = 1e-6;
    const low = Math.max(Math.ceil(lower - slack), 0);
    const high = Math.min(Math.floor(upper + slack), USERS_MAX);
    return { value, lower: Math.min(low, value), upper: Math.max(high, value) };
  }

  function poissonInterval(value, variance, perEvent, z) {
    let events = Infinity;
    if (variance > 0) events = (value * value) / variance;
    else if (value === 0) events = 0;
    if (events === Infinity) return { value, lower: value, upper: value };
    const isCount = events >= 1;
    const scale = isCount ? value / events : perEvent;
    const lower = isCount ? Math.max(cube(events, -z), 0) * scale : 0;
    return wholeUsers(value, lower, cube(events + 1, z) * scale);
  }

  /** From the document of a fit a function of sets of regions. */
  function answersOf(fit) {
    const users = doubles(fit.users);
    const fitted = doubles(fit.fitted);
    const places = users.length;
    const spread = (values) => {
      const all = new Float64Array(places);
      fit.free.forEach((region, at) => { all[region] = values[at]; });
      return all;
    };
    const free = fit.free.length;
    const cells = doubles(fit.covariance);
    const covariance = [];
    for (let region = 0; region < places; region += 1) covariance.push(new Float64Array(places));
    fit.free.forEach((region, at) => { covariance[region] = spread(cells.subarray(at * free, (at + 1) * free)); });
    const held = fit.held.map((one) => {
      const [most, above] = doubles(one.limits);
      return { region: one.region, most, above, replaced: spread(doubles(one.replaced)) };
    });
    const leans = fit.leans.map(doubles);
    const seenSets = sets(fit.seen_sets, places);
    const seen = doubles(fit.seen);
    const certainSets = sets(fit.certain_sets, places);
    const certain = doubles(fit.certain);
    const [perHash, z] = doubles(fit.scales);
    const limits = doubles(fit.anchors);
    const anchors = sets(fit.anchor_sets, places).map((set, at) => ({
      set, value: limits[3 * at], lower: limits[3 * at + 1], upper: limits[3 * at + 2],
    }));

    const regionsOf = (set) => {
      const found = [];
      set.forEach((inside, region) => inside && found.push(region));
      return found;
    };
    const valueOf = (set) => regionsOf(set).reduce((sum, region) => sum + users[region], 0);

    const isCertain = (picked) => {
      const covered = new Uint8Array(places);
      const nobody = new Uint8Array(places);
      for (let i = 0; i < fit.disjoint; i += 1) {
        const set = certainSets[i];
        const isWithin = within(set, picked);
        set.forEach((inside, region) => {
          if (inside && isWithin) covered[region] = 1;
          if (inside && certain[i] === 0) nobody[region] = 1;
        });
      }
      const left = picked.some((inside, region) => inside && !covered[region] && !nobody[region]);
      return !left || certainSets.slice(fit.disjoint).some((set) => same(set, picked));
    };

    // Regions that are certain one by one: their users and where they are.
    const fixed = certainSets.slice(0, fit.disjoint)
      .map((set, at) => ({ regions: regionsOf(set), users: certain[at] }))
      .filter((one) => one.regions.length === 1)
      .map((one) => ({ region: one.regions[0], users: one.users }));

    const restOfCertain = (picked, value) => {
      const at = certainSets.findIndex((set, i) => within(picked, set) && value > 0.5 * certain[i]);
      if (at < 0) return null;
      return { total: certain[at], rest: certainSets[at].map((inside, region) => (inside && !picked[region] ? 1 : 0)) };
    };

    const seenOf = (picked) => seenSets.reduce((sum, set, at) => sum + (within(set, picked) ? seen[at] : 0), 0);

    const alone = (picked, value) => {
      const regions = regionsOf(picked);
      if (regions.length === 0) return { value: 0, lower: 0, upper: 0 };
      if (isCertain(picked)) return { value, lower: value, upper: value };
      const sureOnes = fixed.filter((one) => picked[one.region]);
      if (sureOnes.length > 0) {
        const sureUsers = sureOnes.reduce((total, one) => total + one.users, 0);
        const others = picked.slice();
        sureOnes.forEach((one) => { others[one.region] = 0; });
        const rest = alone(others, value - sureUsers);
        return { value, lower: rest.lower + sureUsers, upper: rest.upper + sureUsers };
      }
      const found = restOfCertain(picked, value);
      if (found) {
        const rest = alone(found.rest, found.total - value);
        return wholeUsers(value, found.total - rest.upper, found.total - rest.lower);
      }
      const sum = sumOf(picked);
      const fittedSum = regions.reduce((total, region) => total + fitted[region], 0);
      const variance = Math.max(regions.reduce((total, region) => total + sum(covariance[region]), 0), 0);
      const perEvent = fittedSum * fittedSum >= variance && variance > 0
        ? variance / fittedSum
        : Math.min(Math.sqrt(variance), perHash);
      const sure = seenOf(picked);
      const estimate = variance > 0
        ? poissonInterval(value, variance, perEvent, z)
        : { value, lower: value, upper: value };
      if (sure === 0) estimate.lower = Math.min(estimate.lower, fittedSum - z * Math.sqrt(variance));
      let more = 0;
      let less = 0;
      let above = 0;
      for (const one of held) {
        const change = one.most * ((picked[one.region] ? 1 : 0) - sum(one.replaced));
        more = Math.max(more, change);
        less = Math.max(less, -change);
        if (picked[one.region]) above += one.above;
      }
      less += above;
      const changes = leans.map(sum);
      const down = changes.reduce((total, change) => total + Math.min(change, 0), 0);
      const up = changes.reduce((total, change) => total + Math.max(change, 0), 0);
      const lower = Math.max(Math.min(estimate.lower, value - less) + down, sure);
      return wholeUsers(value, lower, Math.max(estimate.upper, value + more) + up);
    };

    return (picked) => {
      const estimate = alone(picked, valueOf(picked));
      for (const anchor of anchors) {
        if (same(anchor.set, picked)) return { value: anchor.value, lower: anchor.lower, upper: anchor.upper };
        if (within(picked, anchor.set)) estimate.upper = Math.max(Math.min(estimate.upper, anchor.upper), estimate.value);
        if (within(anchor.set, picked)) estimate.lower = Math.min(Math.max(estimate.lower, anchor.lower), estimate.value);
      }
      return estimate;
    };
  }

  /** A function from formulas to users: `{ value, lower, upper }`; throws what is wrong with one. */
  function asker(report) {
    const names = report.sides.map((side) => side.name);
    const fit = report.fit;
    if (!fit) return null;
    if (fit.table && fit.table.length > 0) {
      return (text) => {
        const formula = parse(text, names);
        let choice = 0;
        for (let region = 1; region < 1 << names.length; region += 1) {
          if (formula(region)) choice += 2 ** (region - 1);
        }
        const [value, lower, upper] = fit.table[choice];
        return { value, lower, upper };
      };
    }
    const answer = answersOf(fit);
    const places = fit.region_of.length;
    if (places > PLACES_MAX) return null;
    return (text) => {
      const formula = parse(text, names);
      return answer(Uint8Array.from(fit.region_of, (own, region) => (region > 0 && formula(own) ? 1 : 0)));
    };
  }

  // ---- the page -------------------------------------------------------------------------------

  if (typeof document === "undefined") {
    module.exports = { asker, parse };
    return;
  }

  const source = document.getElementById("report-json");
  const report = JSON.parse(source.textContent);

  function count(value) {
    const digits = String(Math.round(Math.abs(value)));
    return (value <= -0.5 ? "-" : "") + digits.replace(/\B(?=(\d{3})+$)/g, ",");
  }

  /** A name as formulas have it. */
  function quoted(name) {
    return /^[\p{Alphabetic}\p{N}_.]+$/u.test(name) ? name : `"${name}"`;
  }

  /** The formula of what was picked for each side: with all of these, without any of those. */
  function formulaOf(picks) {
    const names = report.sides.map((side) => quoted(side.name));
    const chosen = (how) => names.filter((_, side) => picks[side] === how);
    const [all, any, none] = ["all", "any", "none"].map(chosen);
    const parts = all.slice();
    if (any.length > 0) parts.push(any.length > 1 ? `(${any.join(" | ")})` : any[0]);
    const base = parts.join(" & ");
    if (none.length === 0 || base === "") return base;
    const without = none.length > 1 ? `(${none.join(" | ")})` : none[0];
    return parts.length > 1 ? `(${base}) - ${without}` : `${base} - ${without}`;
  }

  function part(tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }

  /** A button for every part of the circles, which answer to clicks as well. */
  function offerRegions(showRegion) {
    const drawings = Array.from(document.querySelectorAll("svg")).filter((svg) => svg.querySelector("circle.side"));
    if (drawings.length === 0) return;
    const names = report.sides.map((side) => side.name);
    const parts = document.getElementById("parts");
    for (const region of report.regions) {
      const mask = region.sides.reduce((sum, name) => sum | (1 << names.indexOf(name)), 0);
      const button = document.createElement("button");
      button.type = "button";
      if (region.sides.length === 1 && names.length > 1) button.append("only ");
      region.sides.forEach((name, at) => {
        if (at > 0) button.append(" & ");
        button.append(part("bdi", name.length > 40 ? `${name.slice(0, 39)}…` : name));
      });
      button.addEventListener("click", () => showRegion(mask));
      parts.append(button);
    }
    parts.hidden = false;
    for (const svg of drawings) {
      svg.classList.add("clickable");
      svg.addEventListener("click", (event) => {
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
        let mask = 0;
        for (const circle of svg.querySelectorAll("circle.side")) {
          const [x, y, radius] = ["cx", "cy", "r"].map((name) => Number(circle.getAttribute(name)));
          const side = Number(/\bc(\d)/.exec(circle.getAttribute("class"))[1]);
          if (Math.hypot(at.x - x, at.y - y) <= radius) mask |= 1 << side;
        }
        if (mask === 0) return;
        showRegion(mask);
        document.getElementById("ask").scrollIntoView({ block: "nearest" });
      });
      const caption = svg.closest("figure").querySelector("figcaption");
      if (caption.childElementCount === 0) caption.append(part("span", " Click a part of the circles to ask about it below."));
    }
  }

  const section = document.getElementById("ask");
  const ask = section && asker(report);
  if (ask) {
    const field = section.querySelector("input");
    const output = section.querySelector("output");
    const picks = Array.from(section.querySelectorAll("select"));
    const union = report.union ? report.union.value : 0;
    const show = () => {
      output.className = "";
      output.removeAttribute("data-value");
      if (field.value.trim() === "") {
        output.replaceChildren("Type a formula, or choose below.");
        return;
      }
      try {
        const users = ask(field.value);
        output.setAttribute("data-value", `${users.value} ${users.lower} ${users.upper}`);
        const parts = [part("b", count(users.value)), " users"];
        if (users.lower !== users.upper) parts.push(`, between ${count(users.lower)} and ${count(users.upper)}`);
        else parts.push(", exactly");
        if (union > 0) parts.push(part("span", `; ${((100 * users.value) / union).toPrecision(3)} % of all`));
        output.replaceChildren(...parts);
      } catch (error) {
        output.className = "error";
        output.replaceChildren(error.message);
      }
    };
    field.addEventListener("input", show);
    const showPicks = () => {
      field.value = formulaOf(picks.map((one) => one.value));
      show();
    };
    picks.forEach((pick) => pick.addEventListener("change", showPicks));
    // Users of just these sides, which are bits.
    const showRegion = (mask) => {
      picks.forEach((pick, side) => { pick.value = (mask >> side) & 1 ? "all" : "none"; });
      showPicks();
    };
    offerRegions(showRegion);
    section.hidden = false;
    show();
  }

  const save = document.getElementById("save");
  save.hidden = false;
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([source.textContent], { type: "application/json" }));
    link.download = "report.json";
    link.click();
    URL.revokeObjectURL(link.href);
  });

  // What is folded on the screen is shown on paper.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
  });
})();
