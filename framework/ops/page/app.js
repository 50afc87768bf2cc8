// Hears the server's news, and shows the view that is chosen.

import {Chart} from '/charts.js';
import {showCommands} from '/commands.js';
import {applicationState, badge, element, showConnections, showDefinitions, showEvents, showFindings, showJobs, showLanes, showTiles, showTopics} from '/views.js';
import {Watch, count} from '/words.js';

const id = (name) => document.getElementById(name);
const watch = new Watch();
const charts = {
  throughput: new Chart('Throughput', (value) => `${count(value)} messages/s`),
  lag: new Chart('Lag', (value) => `${count(value)} offsets`),
  use: new Chart('Workers in use', (value) => `${Math.round(value)} %`, 100),
};
id('charts').append(...Object.values(charts).map((chart) => chart.figure));

let news = null;
let before = null;
let rate = null;
let history = -1;

// --- views

const VIEWS = [...document.querySelectorAll('main > section')].map((section) => section.id);

function chosen() {
  const name = location.hash.slice(1);
  return VIEWS.includes(name) ? name : 'overview';
}

function choose() {
  for (const name of VIEWS) id(name).hidden = name !== chosen();
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === `#${chosen()}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  show();
  if (['errors', 'letters', 'rebalances'].includes(chosen())) readHistory();
  if (chosen() === 'configuration') readConfiguration();
}

function show() {
  if (!news) return;
  const view = chosen();
  if (view === 'overview') {
    showFindings(id('findings'), findings);
    showTiles(id('tiles'), tiles());
    showTopics(id('topics').tBodies[0], news);
    showConnections(id('connections').tBodies[0], news.connections);
  } else if (view === 'partitions') {
    const topic = id('topic-filter').value;
    showLanes(id('lanes'), news.partitions.filter((each) => topic === '' || each.topic === topic));
  } else if (view === 'jobs') {
    id('no-jobs').hidden = showJobs(id('job-table').tBodies[0], news.partitions) > 0;
  }
}

function sum(field) {
  return news.partitions.reduce((total, each) => total + (each[field] ?? 0), 0);
}

function tiles() {
  const {figures, concurrency} = news.application;
  return [
    {name: 'messages a second', value: rate === null ? '…' : count(rate)},
    {name: 'offsets behind', value: count(sum('processed_lag'))},
    {name: `of ${concurrency} workers in use`, value: count(figures.jobs_running)},
    {name: 'partitions here', value: count(news.partitions.length)},
    {name: 'messages done', value: count(figures.messages_done)},
    {name: 'attempts failed', value: count(figures.attempts_failed)},
    {name: 'dead letters', value: count(figures.dead_letters)},
    {name: 'parked', value: count(figures.messages_parked)},
  ];
}

let findings = [];

function hear(text) {
  news = JSON.parse(text);
  const {figures, concurrency, taken_at_ms: now} = news.application;
  if (before && now > before.now) {
    // A smaller figure is another process's.
    rate = Math.max(figures.messages_done - before.done, 0) * 1000 / (now - before.now);
    charts.throughput.add(now, rate);
  }
  if (!before || now > before.now) {
    before = {now, done: figures.messages_done};
    charts.lag.add(now, sum('processed_lag'));
    charts.use.add(now, figures.jobs_running * 100 / Math.max(concurrency, 1));
    findings = watch.look(news);
  }
  badge(id('state'), applicationState(news.application.state));
  id('client').textContent = news.application.client_id;
  document.title = `${findings.some((finding) => finding.tone === 'bad') ? '! ' : ''}Braid ${news.application.client_id}`;
  chooseTopics();
  show();
  if (news.history !== history) {
    history = news.history;
    if (['errors', 'letters', 'rebalances'].includes(chosen())) readHistory();
  }
}

function chooseTopics() {
  const select = id('topic-filter');
  const topics = [...new Set(news.partitions.map((each) => each.topic))];
  const known = [...select.options].slice(1).map((option) => option.value);
  if (topics.join('\n') === known.join('\n')) return;
  const value = select.value;
  select.replaceChildren(select.options[0], ...topics.map((topic) => element('option', {value: topic, textContent: topic})));
  select.value = topics.includes(value) ? value : '';
}

// --- what is asked for

async function read(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function readHistory() {
  const view = chosen();
  const list = {errors: 'error-list', letters: 'letter-list', rebalances: 'rebalance-list'}[view];
  try {
    showEvents(id(list), (await read(`/api/${view}`))[view]);
  } catch {
    // The connection's own sign tells; asked again with the next news.
    history = -1;
  }
}

async function readConfiguration() {
  try {
    const configuration = await read('/api/configuration');
    showDefinitions(id('settings'), configuration.settings);
    showDefinitions(id('kafka'), configuration.kafka);
    id('routes').textContent = configuration.routes;
  } catch (failure) {
    id('routes').textContent = `It can't be read: ${failure.message}`;
  }
}

// --- the connection

let source = null;
let heardAt = 0;

function listen() {
  source?.close();
  source = new EventSource('/api/live');
  source.addEventListener('live', (event) => {
    heardAt = Date.now();
    badge(id('link'), ['live', 'good']);
    hear(event.data);
  });
  source.addEventListener('trouble', () => badge(id('link'), ['the server has trouble answering', 'bad']));
  source.addEventListener('error', () => {
    badge(id('link'), ['connection lost, trying again', 'bad']);
    source.close();
    setTimeout(listen, 1000);
  });
}

// A connection can be gone without anybody saying so.
setInterval(() => {
  if (heardAt === 0 || Date.now() - heardAt < 6000) return;
  badge(id('link'), ['no news, trying again', 'bad']);
  heardAt = Date.now();
  listen();
}, 1000);

// --- colours

const THEMES = ['system', 'light', 'dark'];
function colour(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  id('theme').setAttribute('aria-label', `Colours: ${theme === 'system' ? 'as the system' : theme}`);
  id('theme').title = id('theme').getAttribute('aria-label');
}
let theme = localStorage.getItem('braid-theme') ?? 'system';
colour(theme);
id('theme').addEventListener('click', () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  localStorage.setItem('braid-theme', theme);
  colour(theme);
});

addEventListener('hashchange', choose);
id('topic-filter').addEventListener('change', show);
choose();
listen();
read('/api/interface').then(({commands}) => showCommands(commands, () => news), () => {});
