// Enlarges a figure, tells the numbers under the pointer, saves the figure. Without it the page
// has the same text, figures and numbers.
const tip = document.createElement('p');
tip.className = 'tip';
tip.hidden = true;
document.body.append(tip);

const large = document.createElement('dialog');
large.innerHTML = '<button type="button"></button><div class="canvas" tabindex="0"></div>';
const [close, room] = large.children;
close.textContent = words.close;
close.addEventListener('click', () => large.close());
large.addEventListener('close', () => {
  room.replaceChildren();
  tip.hidden = true;
  document.body.append(tip);
});
document.body.append(large);

function nearest(marks, image, event) {
  const box = image.getBoundingClientRect();
  let found = null;
  let least = 24;
  for (const [x, y, text, row] of marks) {
    const dx = box.left + x * box.width - event.clientX;
    const dy = box.top + y * box.height - event.clientY;
    // A line of text reaches across the figure; a point does not.
    const far = row ? Math.abs(dy) : Math.hypot(dx, dy);
    if (far < least) [found, least] = [text, far];
  }
  return found;
}

function tells(image, marks) {
  if (!marks.length) return;
  image.addEventListener('pointermove', (event) => {
    const text = nearest(marks, image, event);
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const right = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, right))}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 12)}px`;
  });
  image.addEventListener('pointerleave', () => { tip.hidden = true; });
}

for (const figure of document.querySelectorAll('figure[data-marks]')) {
  const image = figure.querySelector('img');
  const marks = JSON.parse(figure.dataset.marks);
  const files = figure.querySelector('.files');
  const enlarge = (event) => {
    event.preventDefault();
    const copy = image.cloneNode();
    const wide = Math.max(image.naturalWidth, image.width);
    copy.style.width = `${Math.max(wide, Math.min(1.6 * wide, window.innerWidth - 40))}px`;
    room.replaceChildren(copy);
    tells(copy, marks);
    large.append(tip);
    large.setAttribute('aria-label', image.alt.slice(0, 200));
    large.showModal();
  };
  figure.querySelector('.enlarge').addEventListener('click', enlarge);
  image.addEventListener('click', enlarge);
  image.classList.add('opens');
  tells(image, marks);
  const save = document.createElement('a');
  save.textContent = words.save;
  save.download = `${figure.dataset.name}.svg`;
  save.href = image.src;
  files.append(' ', save);
}
