// arguments: role ("" for any), name ("" for any), how ("is", "starts", "has"), scope (an element or null)
// Returns the visible elements of that role and name, in document order. Covers the parts of HTML and ARIA the app uses.
const [role, name, how, scope] = arguments;

// A password field has no role of its own; a person takes it for a text field all the same.
const inputs = {
  button: 'button', submit: 'button', reset: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider',
  password: 'textbox', search: 'searchbox', number: 'spinbutton', email: 'textbox', tel: 'textbox', text: 'textbox', url: 'textbox',
};
const plain = {
  article: 'article', aside: 'complementary', button: 'button', dialog: 'dialog', fieldset: 'group', form: 'form',
  h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading', li: 'listitem',
  main: 'main', menu: 'list', nav: 'navigation', ol: 'list', output: 'status', progress: 'progressbar',
  summary: 'button', table: 'table', textarea: 'textbox', ul: 'list',
};

function roleOf(element) {
  const given = (element.getAttribute('role') || '').trim().split(/\s+/)[0];
  if (given) return given;
  const tag = element.localName;
  if (tag === 'a') return element.hasAttribute('href') ? 'link' : '';
  if (tag === 'input') return inputs[element.type] || '';
  if (tag === 'select') return element.multiple || element.size > 1 ? 'listbox' : 'combobox';
  if (tag === 'img') return element.getAttribute('alt') === '' ? '' : 'img';
  if (tag === 'section') return labelOf(element) ? 'region' : '';
  return plain[tag] || '';
}

const tidy = (text) => text.replace(/\s+/g, ' ').trim();

function labelOf(element) {
  const by = element.getAttribute('aria-labelledby');
  if (by) {
    const parts = by.split(/\s+/).map((id) => document.getElementById(id)).filter(Boolean);
    const text = tidy(parts.map(content).join(' '));
    if (text) return text;
  }
  return tidy(element.getAttribute('aria-label') || '');
}

// Text as it is read out: hidden parts left out, labels and alternatives in place of what they stand for.
function content(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE) return '';
  if (node.getAttribute('aria-hidden') === 'true' || node.hidden) return '';
  if (getComputedStyle(node).display === 'none') return '';
  if (node.localName === 'img') return node.alt || '';
  const inside = [...node.childNodes].map((child) => {
    const label = child.nodeType === Node.ELEMENT_NODE && labelOf(child);
    return label || content(child);
  }).join('');
  return getComputedStyle(node).display === 'inline' ? inside : ` ${inside} `;
}

const fromContent = new Set(['button', 'heading', 'link', 'menuitem', 'option', 'switch', 'tab', 'checkbox', 'radio']);

function nameOf(element, itsRole) {
  const label = labelOf(element);
  if (label) return label;
  const labels = tidy([...(element.labels || [])].map(content).join(' '));
  if (labels) return labels;
  if (element.localName === 'input' && inputs[element.type] === 'button') return tidy(element.value);
  if (element.localName === 'img') return tidy(element.alt);
  if (fromContent.has(itsRole)) {
    const text = tidy(content(element));
    if (text) return text;
  }
  return tidy(element.getAttribute('title') || element.getAttribute('placeholder') || '');
}

function matches(element) {
  const itsRole = roleOf(element);
  if (role && itsRole !== role) return false;
  if (!element.checkVisibility({ visibilityProperty: true })) return false;
  if (element.closest('[aria-hidden="true"], [inert]')) return false;
  if (!name) return true;
  const itsName = nameOf(element, itsRole);
  if (how === 'starts') return itsName.startsWith(name);
  if (how === 'has') return itsName.includes(name);
  return itsName === name;
}

return [...(scope || document).querySelectorAll('*')].filter(matches);
