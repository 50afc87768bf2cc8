// What operators may tell the application, where there are commands.

import {badge, element} from '/views.js';

const id = (name) => document.getElementById(name);

const TOPIC = {name: 'topic', label: 'Topic', required: true, topics: true};
const PARTITION = {name: 'partition', label: 'Partition (empty: all)', type: 'number', min: 0};
const COMMANDS = {
  quiet: {title: 'Take nothing more, for good', sure: 'This can\'t be undone but by a restart. Go on?', fields: []},
  pause: {title: 'Pause a topic or partition', fields: [TOPIC, PARTITION, {name: 'for_ms', label: 'For so many milliseconds (empty: until it is resumed)', type: 'number', min: 1}]},
  resume: {title: 'Resume a topic or partition', fields: [TOPIC, PARTITION]},
  concurrency: {title: 'Change the number of workers', fields: [{name: 'workers', label: 'Workers', type: 'number', min: 1, max: 10000, required: true}]},
  'log-level': {title: 'Change the log\'s level', fields: [{name: 'level', label: 'Level', choices: ['info', 'debug', 'trace', 'warning', 'error', 'off']}]},
  seek: {title: 'Go on elsewhere', sure: 'Messages in between are processed again, or never. Go on?', fields: [TOPIC, PARTITION,
    {name: 'to', label: 'To', choices: ['', 'earliest', 'latest']}, {name: 'offset', label: 'Or to this offset', type: 'number', min: 0},
    {name: 'time_ms', label: 'Or to this time (milliseconds since 1970)', type: 'number', min: 0}]},
  'release-parked': {title: 'Try parked messages again', fields: [TOPIC, PARTITION]},
  'dead-letter-parked': {title: 'Make parked messages dead letters', fields: [TOPIC, PARTITION]},
};

function field(spec, topics) {
  const properties = {name: spec.name, required: spec.required ?? false};
  let input;
  if (spec.choices || (spec.topics && topics.length > 0)) {
    input = element('select', properties, ...(spec.choices ?? topics).map((value) => element('option', {value, textContent: value || '–'})));
  } else {
    input = element('input', {...properties, type: spec.type ?? 'text'});
    if (spec.min !== undefined) input.min = spec.min;
    if (spec.max !== undefined) input.max = spec.max;
  }
  return element('label', {}, spec.label, ' ', input);
}

export function showCommands(names, news) {
  if (names.length === 0) return;
  id('commands-link').hidden = false;
  const select = id('command');
  select.append(...names.filter((name) => COMMANDS[name]).map((name) => element('option', {value: name, textContent: COMMANDS[name].title})));
  const fill = () => {
    const topics = [...new Set((news()?.partitions ?? []).map((each) => each.topic))];
    id('fields').replaceChildren(...COMMANDS[select.value].fields.map((spec) => field(spec, topics)));
  };
  select.addEventListener('change', fill);
  addEventListener('hashchange', () => { if (location.hash === '#commands') fill(); });
  fill();
  id('command-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const spec = COMMANDS[select.value];
    if (spec.sure && !confirm(spec.sure)) return;
    send(select.value, spec);
  });
}

async function send(name, spec) {
  const body = {};
  for (const {name: key, type} of spec.fields) {
    const value = id('fields').querySelector(`[name="${key}"]`).value;
    if (value !== '') body[key] = type === 'number' ? Number(value) : value;
  }
  const answer = id('command-answer');
  answer.hidden = false;
  badge(answer, ['sent …', 'off']);
  try {
    const response = await fetch(`/api/commands/${name}`, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'Authorization': `Bearer ${id('token').value}`},
      body: JSON.stringify(body),
    });
    const said = await response.json();
    badge(answer, response.ok ? [`Done: ${said.done}`, 'good'] : [`Refused (${response.status}): ${said.error.message}`, 'bad']);
  } catch (failure) {
    badge(answer, [`It could not be sent: ${failure.message}`, 'bad']);
  }
}
