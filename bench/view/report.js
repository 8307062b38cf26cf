// SPDX-License-Identifier: MIT
// The report's table: sorted by the buttons in its head, filtered by the form above it. Without it the table is whole, and in
// the result's order.
(function () {
    'use strict';
    const table = document.getElementById('rows'), body = table.tBodies[0], rows = Array.from(body.rows);
    const filter = document.getElementById('filter'), batch = document.getElementById('batch');
    const verdict = document.getElementById('verdict'), shown = document.getElementById('shown');

    // GLOB,GLOB on a name or name/batch; a word without * is looked for anywhere.
    function matcher(text) {
        const globs = text.split(',').map(s => s.trim()).filter(s => s).map(function (s) {
            const literal = s.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
            return new RegExp(/[*?]/.test(s) ? '^' + literal + '$' : literal, 'i');
        });
        return row => !globs.length || globs.some(g => g.test(row.dataset.name) || g.test(row.dataset.name + '/' + row.dataset.batch));
    }

    function show() {
        const named = matcher(filter.value);
        let n = 0;
        for (const row of rows) {
            row.hidden = !(named(row) && (!batch.value || row.dataset.batch === batch.value) &&
                           (!verdict || !verdict.value || verdict.value.split(' ').includes(row.dataset.verdict)));
            n += !row.hidden;
        }
        shown.textContent = n + ' of ' + rows.length + ' rows';
    }

    function value(row, column) {
        const v = row.cells[column].dataset.v;
        return v === undefined ? row.cells[column].textContent : v === '' ? null : Number(v);
    }

    // What has no value comes last, whatever the order.
    function compare(a, b, column, down) {
        const x = value(a, column), y = value(b, column);
        if (x === null || y === null)
            return (x === null) - (y === null);
        return (typeof x === 'number' ? x - y : x.localeCompare(y)) * (down ? -1 : 1);
    }

    function sort(th) {
        const down = th.getAttribute('aria-sort') === 'ascending';
        for (const other of table.tHead.rows[0].cells)
            other.removeAttribute('aria-sort');
        th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const place = new Map(rows.map((row, i) => [row, i]));
        const sorted = rows.slice().sort((a, b) => compare(a, b, th.cellIndex, down) || place.get(a) - place.get(b));
        body.append(...sorted);
    }

    for (const th of table.tHead.rows[0].cells)
        th.querySelector('button').addEventListener('click', () => sort(th));
    for (const control of [filter, batch, verdict])
        if (control)
            control.addEventListener('input', show);
    document.querySelector('form').addEventListener('submit', e => e.preventDefault());
    document.addEventListener('keydown', function (e) {
        if (e.key === '/' && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) {
            filter.focus();
            e.preventDefault();
        } else if (e.key === 'Escape' && document.activeElement === filter) {
            filter.value = '';
            show();
        }
    });
    document.querySelector('form').hidden = false;
    show();
})();
