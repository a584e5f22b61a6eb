// Draws the chart of days: bars for what was ordered, a line for what came in. Colours are those of the style sheet.
(function () {
  "use strict";
  var place = document.getElementById("chart");
  if (!place || !window.uPlot) return;
  var days = JSON.parse(place.dataset.days);
  var months = place.dataset.months.split(" ");
  var words = document.documentElement.lang;
  var data = [
    days.map(function (day) { return Date.parse(day[0] + "T00:00:00Z") / 1000; }),
    days.map(function (day) { return day[1] / 100; }),
    days.map(function (day) { return day[2] / 100; })
  ];

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function grouped(value) { return "Rs. " + Math.round(value).toLocaleString("en-IN"); }
  function short(value) {
    if (value >= 1e7) return +(value / 1e7).toFixed(1) + (words === "ne" ? " करोड" : " cr");
    if (value >= 1e5) return +(value / 1e5).toFixed(1) + (words === "ne" ? " लाख" : " lakh");
    if (value >= 1e3) return +(value / 1e3).toFixed(1) + (words === "ne" ? " हजार" : "k");
    return String(value);
  }
  function dayName(seconds) {
    var day = new Date(seconds * 1000);
    return day.getUTCDate() + " " + months[day.getUTCMonth()];
  }

  var chart;
  function draw() {
    if (chart) chart.destroy();
    place.textContent = "";
    var soft = colour("--soft"), line = colour("--line");
    var font = "12px " + getComputedStyle(document.body).fontFamily;
    chart = new uPlot({
      width: place.clientWidth,
      height: place.clientHeight,
      tzDate: function (seconds) { return uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"); },
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
      scales: {
        x: { range: function (_, low, high) { return [low - 43200, high + 43200]; } },
        y: { range: function (_, low, high) { return [0, high > 0 ? high * 1.1 : 100]; } }
      },
      axes: [
        { stroke: soft, font: font, size: 28, grid: { show: false }, ticks: { show: false }, space: 64, values: function (_, ticks) { return ticks.map(dayName); } },
        { stroke: soft, font: font, size: 58, grid: { stroke: line, width: 1 }, ticks: { show: false }, space: 40, values: function (_, ticks) { return ticks.map(short); } }
      ],
      series: [
        {},
        { fill: colour("--chart-ordered"), stroke: colour("--chart-ordered"), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 28], radius: 0.15 }) },
        { stroke: colour("--chart-received"), width: 2.5, points: { show: false } }
      ],
      hooks: { setCursor: [tell] }
    }, data, place);
  }

  // The figures of the day under the finger, written above the chart.
  var tip = document.createElement("p");
  tip.className = "chart-tip";
  tip.hidden = true;
  place.before(tip);
  function tell(u) {
    var at = u.cursor.idx;
    tip.hidden = at === null || at === undefined || u.cursor.left < 0;
    if (tip.hidden) return;
    tip.textContent = dayName(data[0][at]) + " · " + place.dataset.ordered + " " + grouped(data[1][at]) + " · " + place.dataset.received + " " + grouped(data[2][at]);
  }

  draw();
  var width = place.clientWidth;
  new ResizeObserver(function () {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    chart.setSize({ width: width, height: place.clientHeight });
  }).observe(place);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
