// Everything a page or a later visitor of its origin can read, as [place, text] pairs. Local storage comes key by key.
const done = arguments[arguments.length - 1];
const found = [];
const add = (place, text) => found.push([place, String(text ?? '')]);

// Texts inside of any stored value, also those kept as bytes.
function texts(value, seen = new Set()) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return `${value}\n`;
  if (seen.has(value)) return '';
  seen.add(value);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const bytes = value instanceof ArrayBuffer
      ? new Uint8Array(value) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return ['utf-8', 'utf-16le'].map((kind) => new TextDecoder(kind).decode(bytes)).join('\n');
  }
  const parts = value instanceof Map ? [...value.entries()].flat() : value instanceof Set ? [...value] : Object.entries(value).flat();
  return parts.map((part) => texts(part, seen)).join('');
}

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function databases() {
  for (const { name } of await indexedDB.databases()) {
    const database = await asked(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const reading = database.transaction(store).objectStore(store);
      const [keys, values] = await Promise.all([asked(reading.getAllKeys()), asked(reading.getAll())]);
      add(`IndexedDB ${name}/${store}`, texts([keys, values]));
    }
    database.close();
  }
}

async function cached() {
  if (!window.caches) return;
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      add(`cache ${name}`, `${request.url}\n${await answer.text()}`);
    }
  }
}

(async () => {
  add('the address bar', location.href);
  add('the referrer', document.referrer);
  add('window.name', window.name);
  add('cookies', document.cookie);
  add('the page', document.documentElement.outerHTML);
  const all = [...document.querySelectorAll('*')];
  add('attributes', all.flatMap((element) => [...element.attributes].map((attribute) => attribute.value)).join('\n'));
  add('fields', all.map((element) => (typeof element.value === 'string' ? element.value : '')).join('\n'));
  add('the history', texts([history.state, window.navigation
    ? navigation.entries().map((entry) => [entry.url, entry.getState()]) : []]));
  add('timings', performance.getEntries().map((entry) => entry.name).join('\n'));
  add('session storage', texts({ ...sessionStorage }));
  for (const key of Object.keys(localStorage)) add(`local storage: ${key}`, `${key}\n${localStorage.getItem(key)}`);
  await databases();
  await cached();
  done(found);
})().catch((error) => done([['error', String(error)]]));
