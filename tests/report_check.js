// SPDX-License-Identifier: MIT
// tests/cases/report.sh appends this to a report and looks at what it leaves in the page: a line for each check.
(function () {
    'use strict';
    const lines = [];

    function is(what, got, want) {
        lines.push(got === want ? 'pass ' + what : 'fail ' + what + ': ' + got + ' instead of ' + want);
    }
    function $(id) { return document.getElementById(id); }
    function rows() { return Array.from($('rows').tBodies[0].rows); }
    function shown() { return rows().filter(r => !r.hidden).map(r => r.dataset.name + '/' + r.dataset.batch); }
    function column(text) {
        return Array.from($('rows').tHead.rows[0].cells).find(c => c.textContent === text);
    }
    function set(id, value) {
        $(id).value = value;
        $(id).dispatchEvent(new Event('input', {bubbles: true}));
    }
    function press(key, at) { at.dispatchEvent(new KeyboardEvent('keydown', {key: key, bubbles: true})); }

    // ---- sorting
    const first = shown().join(' ');
    for (const head of Array.from($('rows').tHead.rows[0].cells)) {
        const values = () => rows().map(r => r.cells[head.cellIndex].dataset.v);
        const numbers = () => values().filter(v => v).map(Number);
        head.querySelector('button').click();
        is(head.textContent + ': up', head.getAttribute('aria-sort'), 'ascending');
        is(head.textContent + ': none last', values().map(v => v === '' ? 1 : 0).join(''), values().map(v => v === '' ? 1 : 0).sort().join(''));
        is(head.textContent + ': in order', numbers().join(), numbers().sort((a, b) => a - b).join());
        head.querySelector('button').click();
        is(head.textContent + ': down', head.getAttribute('aria-sort'), 'descending');
        is(head.textContent + ': in reverse order', numbers().join(), numbers().sort((a, b) => b - a).join());
    }
    column('row').querySelector('button').click();
    is('by name', shown().join(' '), '<b>bold</b>/1 a/1 b/1 b/8 c/1 gone/1');
    is('one arrow', document.querySelectorAll('[aria-sort]').length, 1);
    is('no row lost', shown().sort().join(' '), first.split(' ').sort().join(' '));

    // ---- filter
    set('filter', 'b');
    is('a word', shown().join(' '), '<b>bold</b>/1 b/1 b/8');
    set('filter', 'b/8, a');
    is('two, one with its batch', shown().join(' '), 'a/1 b/8');
    set('filter', '?/8');
    is('a pattern', shown().join(' '), 'b/8');
    set('filter', 'nosuch');
    is('nothing', shown().join(' '), '');
    is('how many', $('shown').textContent, '0 of 6 rows');
    set('filter', '');
    set('batch', '8');
    is('a batch', shown().join(' '), 'b/8');
    set('batch', '');
    set('verdict', 'slower faster unsure gone new');
    is('changed ones', shown().join(' '), 'a/1 c/1 gone/1');
    set('verdict', '');
    is('all again', shown().length, 6);

    // ---- keyboard
    $('filter').blur();
    press('/', document.body);
    is('/ goes to the filter', document.activeElement.id, 'filter');
    set('filter', 'a');
    press('Escape', $('filter'));
    is('Escape clears it', $('filter').value + shown().length, '6');
    is('heads are reached by Tab', Array.from(document.querySelectorAll('th button')).every(b => b.tabIndex === 0 && !b.disabled), true);
    is('what scrolls is reached by Tab', $('rows-box').tabIndex, 0);
    is('a focus shows', getComputedStyle($('filter')).outlineStyle !== 'none', true);

    // ---- what a guest or a file said is text
    is('no element out of a name', document.querySelectorAll('td b, td i, td script').length, 0);
    is('nothing was run', window.hurt, undefined);

    // ---- phone, dark
    is('a phone\'s width', window.innerWidth <= 500, true);
    is('the page does not scroll sideways', document.documentElement.scrollWidth <= window.innerWidth, true);
    const wide = Array.from(document.querySelectorAll('.card svg text')).filter(function (t) {
        const box = t.getBBox();
        return box.x < -1 || box.x + box.width > 341;
    });
    is('all text is inside its picture', wide.map(t => t.textContent).join(), '');
    is('pictures', document.querySelectorAll('.card svg').length >= 4, true);
    is('dark', matchMedia('(prefers-color-scheme: dark)').matches, true);
    const page = getComputedStyle(document.body), sum = c => c.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0);
    is('light text on a dark page', sum(page.color) > 500 && sum(page.backgroundColor) < 150, true);

    const out = document.createElement('pre');
    out.id = 'checked';
    out.textContent = lines.join('\n') + '\nchecked ' + lines.length;
    document.body.append(out);
})();
