// What is shown, made of what the server says. Texts of messages are only ever set as text.

import {APPLICATION, CONNECTION, STAGE, WORK, count, duration, many} from '/words.js';

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'dataset') Object.assign(made.dataset, value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Makes the children of `parent` one for each item, in order; those that were there stay, and with them what is open,
// scrolled or focused in them.
export function keyed(parent, items, key, make, update) {
  const known = new Map();
  for (const child of [...parent.children]) known.set(child.dataset.key, child);
  let at = parent.firstElementChild;
  const times = new Map();
  for (const item of items) {
    let name = String(key(item));
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    if (before > 0) name += ` (${before})`;
    let child = known.get(name);
    known.delete(name);
    if (!child) {
      child = make(item);
      child.dataset.key = name;
    }
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
    update(child, item);
  }
  for (const child of known.values()) child.remove();
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function badge(node, [word, tone]) {
  put(node, word);
  node.dataset.tone = tone;
}

// Rows of plain cells; `cells(item)` gives texts, or {text, tone} for a badge, or {text, wide}.
export function rows(body, items, key, cells) {
  keyed(body, items, key, () => element('tr'), (row, item) => {
    cells(item).forEach((cell, i) => {
      const given = typeof cell === 'object' && cell !== null ? cell : {text: cell};
      let node = row.cells[i];
      if (!node) {
        node = element('td', given.wide ? {className: 'wide'} : {});
        if (given.tone) node.append(element('span', {className: 'badge'}));
        row.append(node);
      }
      if (given.tone) badge(node.firstElementChild, [given.text, given.tone]);
      else put(node, String(given.text));
    });
  });
}

export function showFindings(parent, findings) {
  const shown = findings.length > 0 ? findings.slice(0, 8)
    : [{about: 'all', tone: 'good', title: 'All is well.', text: 'Nothing is stuck, nothing falls behind.'}];
  keyed(parent, shown, (finding) => `${finding.about} ${finding.tone}`, (finding) =>
    element('p', {className: 'notice', dataset: {tone: finding.tone}}, element('b'), ' ', element('span')),
  (node, finding) => {
    put(node.children[0], finding.title);
    put(node.children[1], finding.text);
  });
}

export function showTiles(parent, tiles) {
  keyed(parent, tiles, (tile) => tile.name, () => element('div', {className: 'tile'}, element('b'), element('span')),
    (node, tile) => {
      put(node.children[0], tile.value);
      put(node.children[1], tile.name);
    });
}

export function showTopics(body, news) {
  const sum = (topic, field) => news.partitions
    .filter((each) => each.topic === topic.topic && each.consumer_group === topic.consumer_group)
    .reduce((total, each) => total + (each[field] ?? 0), 0);
  const number = (topic) => news.partitions
    .filter((each) => each.topic === topic.topic && each.consumer_group === topic.consumer_group).length;
  rows(body, news.application.topics, (topic) => `${topic.consumer_group} ${topic.topic}`, (topic) => [
    topic.topic, topic.consumer_group, number(topic), count(sum(topic, 'processed_lag')), count(sum(topic, 'open')),
    count(topic.jobs_waiting), balance(topic)]);
}

function balance(topic) {
  if (topic.batches > 0 && topic.mean_share > 0) {
    const times = topic.largest_share.mean / topic.mean_share;
    const word = times > 3 ? 'uneven' : 'even';
    return `${word}: largest share ${times.toFixed(1)} × the mean one`;
  }
  if (topic.messages_queued > 0) return `longest queue ${count(topic.longest_queue)} of ${count(topic.messages_queued)}`;
  return 'nothing to tell yet';
}

export function showConnections(body, connections) {
  rows(body, connections, (connection) => connection.name, (connection) => {
    const [text, tone] = CONNECTION[connection.state] ?? [connection.state, 'off'];
    return [connection.name, connection.consumer_group || 'unknown', {text, tone}, connection.partitions.length,
      count(connection.jobs_waiting)];
  });
}

// --- the braid

const LATE = 10000;

function depth(work) {
  return work.messages + work.queued;
}

function describe(work) {
  const what = (WORK[work.state] ?? WORK.queued).word;
  const since = work.running_for_ms !== null ? `, since ${duration(work.running_for_ms)}` : '';
  const again = work.retry_in_ms !== null ? ` in ${duration(Math.max(work.retry_in_ms, 0))}` : '';
  return `virtual partition ${work.virtual_partition} ${what}${since}${again}; ${many(depth(work), 'message')}${work.key !== null ? `; key ${work.key}` : ''}`;
}

export function showLanes(parent, partitions) {
  const topics = [...new Set(partitions.map((each) => each.topic))];
  keyed(parent, topics, (topic) => topic, (topic) =>
    element('div', {}, element('h3', {className: 'topic-title', textContent: topic}), element('div')),
  (node, topic) => {
    keyed(node.lastElementChild, partitions.filter((each) => each.topic === topic),
      (each) => `${each.consumer_group} ${each.partition}`, makePartition, updatePartition);
  });
}

function makePartition(partition) {
  return element('article', {className: 'partition'},
    element('header', {}, element('h4', {textContent: `Partition ${partition.partition}`}),
      element('span', {className: 'badge'})),
    element('p', {className: 'facts'}),
    element('div', {className: 'braid', role: 'img'}),
    element('details', {}, element('summary', {textContent: 'As a table'}),
      element('div', {className: 'scroll'}, element('table', {},
        element('thead', {}, element('tr', {}, ...['Virtual', 'What', 'Messages', 'Behind it', 'For', 'Offsets', 'Key']
          .map((text) => element('th', {scope: 'col', textContent: text})))),
        element('tbody')))));
}

function state(partition) {
  if (partition.held) return ['paused', 'warn'];
  if (partition.stage !== 'running') return [STAGE[partition.stage] ?? partition.stage, 'warn'];
  if (partition.work.some((work) => work.state === 'retry')) return ['retries', 'bad'];
  if (partition.waits_for_commit) return ['waits for a commit', 'warn'];
  if (!partition.has_room) return ['full', 'warn'];
  return partition.open > 0 ? ['works', 'good'] : ['idle', 'off'];
}

function updatePartition(node, partition) {
  const [header, facts, braid, details] = node.children;
  badge(header.lastElementChild, state(partition));
  const age = partition.oldest_open_age_ms !== null ? `, the oldest for ${duration(partition.oldest_open_age_ms)}` : '';
  put(facts, `${partition.consumer_group} · ${partition.connection} · lag ${count(partition.processed_lag)}, committed lag ${count(partition.committed_lag)} · ` +
    `position ${partition.position ?? 'unknown'} of ${partition.end ?? 'unknown'} · ${count(partition.open)} open${age} · ` +
    `${count(partition.waiting)} wait, ${count(partition.fetched)} fetched, ${count(partition.parked)} parked`);
  if (partition.work.length === 0) {
    if (!braid.firstElementChild?.classList.contains('idle')) {
      braid.replaceChildren(element('span', {className: 'idle', textContent: 'no virtual partition has work'}));
    }
  } else {
    if (braid.firstElementChild?.classList.contains('idle')) braid.replaceChildren();
    const deepest = Math.max(...partition.work.map(depth), 1);
    keyed(braid, partition.work, (work) => work.virtual_partition, () => element('span', {className: 'lane'}),
      (lane, work) => {
        const look = WORK[work.state] ?? WORK.queued;
        put(lane, look.letter);
        lane.dataset.tone = look.tone;
        lane.title = describe(work);
        lane.style.height = `${Math.round(20 + 60 * Math.log1p(depth(work)) / Math.log1p(deepest))}px`;
        if ((work.running_for_ms ?? 0) > LATE) lane.dataset.late = '';
        else delete lane.dataset.late;
      });
  }
  const busy = partition.work.length + partition.work_left_out;
  braid.setAttribute('aria-label', `${busy} of ${partition.max_virtual_partitions} virtual partitions have work` +
    (partition.work_left_out > 0 ? `; ${partition.work_left_out} of them are not shown` : ''));
  put(details.firstElementChild, `As a table: ${many(busy, 'virtual partition')} of ${partition.max_virtual_partitions} with work`);
  if (!details.open) return;
  rows(details.querySelector('tbody'), partition.work, (work) => work.virtual_partition, (work) => {
    const look = WORK[work.state] ?? WORK.queued;
    return [work.virtual_partition, {text: look.word, tone: look.tone}, count(work.messages), count(work.queued),
      work.running_for_ms === null ? '–' : duration(work.running_for_ms), offsets(work), work.key ?? '–'];
  });
}

function offsets(work) {
  if (work.first_offset === null) return '–';
  return work.first_offset === work.last_offset ? String(work.first_offset) : `${work.first_offset} to ${work.last_offset}`;
}

// --- jobs

export function showJobs(body, partitions) {
  const jobs = partitions.flatMap((partition) => partition.work
    .filter((work) => work.running_for_ms !== null)
    .map((work) => ({partition, work})))
    .sort((left, right) => right.work.running_for_ms - left.work.running_for_ms).slice(0, 200);
  rows(body, jobs, ({partition, work}) => `${partition.consumer_group} ${partition.topic} ${partition.partition} ${work.virtual_partition}`,
    ({partition, work}) => [duration(work.running_for_ms), partition.topic, partition.partition, work.virtual_partition,
      {text: (WORK[work.state] ?? WORK.running).word, tone: work.running_for_ms > LATE ? 'bad' : 'good'},
      count(work.messages), offsets(work), work.key ?? '–', work.thread ?? '–']);
  return jobs.length;
}

// --- history

const BAD = /failed|overran|stalled|dropped|occurred/;

function where(event) {
  if (event.topic) return event.partition >= 0 ? `${event.topic}/${event.partition}` : event.topic;
  if (event.subscription_group) return `${event.consumer_group} / ${event.subscription_group} #${event.connection}`;
  return event.consumer_group ?? '';
}

const SAID = new Set(['event', 'at_ms', 'first_at_ms', 'repeats', 'topic', 'partition', 'consumer_group', 'subscription_group', 'connection', 'error', 'waits_for', 'what', 'partitions']);

function rest(event) {
  const parts = [];
  for (const [name, value] of Object.entries(event)) {
    if (SAID.has(name) || value === null || value === '') continue;
    if (name.endsWith('_ms')) parts.push(`${name.slice(0, -3).replaceAll('_', ' ')} ${duration(value)}`);
    else if (name.endsWith('_us')) parts.push(`${name.slice(0, -3).replaceAll('_', ' ')} ${duration(value / 1000)}`);
    else parts.push(`${name.replaceAll('_', ' ')} ${value}`);
  }
  if (Array.isArray(event.partitions)) {
    parts.unshift(event.partitions.map((each) => `${each.topic}/${each.partition}`).join(', ') || 'no partitions');
  }
  return parts.join(' · ');
}

export function showEvents(list, events) {
  keyed(list, events, (event) => `${event.first_at_ms} ${event.event} ${where(event)}`, (event) =>
    element('li', {}, element('time'), element('span', {className: 'badge', textContent: event.event}), ' ', element('b'),
      element('p'), element('p', {className: 'quiet-text'})),
  (node, event) => {
    const [time, name, place, text, more] = node.children;
    name.dataset.tone = BAD.test(event.event) ? 'bad' : 'off';
    time.dateTime = new Date(event.at_ms).toISOString();
    put(time, new Date(event.at_ms).toLocaleTimeString());
    put(place, where(event));
    put(text, [event.error, event.what, event.waits_for ? `waits for ${event.waits_for}` : ''].filter(Boolean).join(' · '));
    put(more, (event.repeats > 1 ? `${count(event.repeats)} times since ${new Date(event.first_at_ms).toLocaleTimeString()} · ` : '') + rest(event));
  });
  if (events.length === 0) list.replaceChildren(element('li', {className: 'quiet-text', textContent: 'Nothing yet.'}));
}

export function showDefinitions(list, object) {
  list.replaceChildren(...Object.entries(object).flatMap(([name, value]) =>
    [element('dt', {textContent: name}), element('dd', {textContent: value === '' ? '(empty)' : value})]));
}

export function applicationState(state) {
  return APPLICATION[state] ?? [state, 'off'];
}
