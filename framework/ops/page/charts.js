// Lines over the last minutes, drawn as SVG.

const SVG = 'http://www.w3.org/2000/svg';
const MOST = 300;

export class Chart {
  // `format(value)` gives words for people; `most`: the top of the chart, where that is known.
  constructor(title, format, most) {
    this.title = title;
    this.format = format;
    this.most = most;
    this.points = [];
    this.figure = document.createElement('figure');
    this.figure.className = 'chart';
    const caption = document.createElement('figcaption');
    const name = document.createElement('span');
    name.textContent = title;
    this.now = document.createElement('span');
    caption.append(name, this.now);
    this.svg = document.createElementNS(SVG, 'svg');
    this.svg.setAttribute('viewBox', `0 0 ${MOST} 100`);
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.setAttribute('role', 'img');
    this.area = document.createElementNS(SVG, 'path');
    this.area.setAttribute('class', 'area');
    this.line = document.createElementNS(SVG, 'path');
    this.line.setAttribute('class', 'line');
    this.svg.append(this.area, this.line);
    const range = document.createElement('div');
    range.className = 'range';
    this.since = document.createElement('span');
    this.top = document.createElement('span');
    range.append(this.since, this.top);
    this.figure.append(caption, this.svg, range);
  }

  // null: nothing is known of this moment.
  add(time, value, most) {
    if (value === null || !Number.isFinite(value)) return;
    this.points.push({time, value});
    if (this.points.length > MOST) this.points.shift();
    if (most !== undefined) this.most = most;
    this.draw();
  }

  draw() {
    const first = this.points[0].time;
    const last = this.points[this.points.length - 1];
    const span = Math.max(last.time - first, 1);
    const highest = Math.max(...this.points.map((point) => point.value));
    const top = Math.max(this.most ?? highest * 1.1, highest, 1);
    const at = (point) => `${((point.time - first) / span * MOST).toFixed(1)} ${(98 - point.value / top * 94).toFixed(1)}`;
    const path = 'M' + this.points.map(at).join('L');
    this.line.setAttribute('d', path);
    this.area.setAttribute('d', `${path}L${MOST} 98L0 98Z`);
    this.now.textContent = this.format(last.value);
    this.since.textContent = `last ${words(span)}`;
    this.top.textContent = `up to ${this.format(highest)}`;
    this.svg.setAttribute('aria-label', `${this.title}: ${this.format(last.value)} now, up to ${this.format(highest)} within ${words(span)}`);
  }
}

function words(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
