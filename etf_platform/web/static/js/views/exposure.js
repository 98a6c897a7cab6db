// 涨停敞口: per fund, how much of it is at the limit.

import { bar, h } from '../dom.js';
import { UNKNOWN, count, percent, price, shownOf } from '../format.js';
import { changed, figure, figures, holdingsButton, instrument, panel, part } from '../parts.js';
import { table } from '../table.js';
import { t } from '../words.js';

export const exposure = {
  key: 'exposure',
  asks: () => ({ rows: '/api/v2/exposure?limit=1000' }),
  draw: (data, page) => part(data.rows, () => page.load(), (found) => [summary(found), list(found, page)]),
};

function summary(found) {
  const top = found.items[0];
  return figures(
    figure(t('day'), found.day || UNKNOWN, { hint: t(`origin_${found.origin}`) }),
    figure(t('fund'), count(found.total)),
    figure(t('sum_weight'), percent(top?.sum_weight), { hint: top ? top.name || top.etf : '', kind: top ? 'up' : '' }),
  );
}

function list(found, page) {
  const most = Math.max(...found.items.map((row) => row.sum_weight), 0);
  const columns = [
    { key: 'fund', title: t('fund'), value: (r) => r.etf, cell: (r) => instrument(r.etf, r.name, 'exposed'), search: (r) => `${r.etf} ${r.name || ''}` },
    { key: 'sum', title: t('sum_weight'), num: true, class: 'wide', value: (r) => r.sum_weight, cell: (r) => [h('span', {}, percent(r.sum_weight)), bar(most ? r.sum_weight / most : 0, { class: 'up' })] },
    { key: 'n', title: t('stocks_at_limit'), num: true, value: (r) => r.stocks_at_limit, cell: (r) => count(r.stocks_at_limit) },
    { key: 'stock', title: t('largest'), value: (r) => r.stock, cell: (r) => instrument(r.stock, r.stock_name, `exposed ${r.etf}`), search: (r) => `${r.stock} ${r.stock_name || ''}` },
    { key: 'weight', title: t('weight'), num: true, value: (r) => r.weight, cell: (r) => percent(r.weight) },
    { key: 'boards', title: t('boards'), num: true, value: (r) => r.boards_in_row, cell: (r) => count(r.boards_in_row) },
    { key: 'price', title: t('price'), num: true, value: (r) => r.price, cell: (r) => price(r.price, r.etf) },
    { key: 'change', title: t('change'), num: true, value: (r) => r.change, cell: (r) => changed(r.change) },
    { key: 'premium', title: t('premium'), num: true, value: (r) => r.premium, cell: (r) => percent(r.premium) },
    { key: 'as_of', title: t('as_of'), value: (r) => r.as_of, cell: (r) => r.as_of || UNKNOWN },
    { key: 'published', title: t('published'), value: (r) => r.published_at, cell: (r) => r.published_at || UNKNOWN },
    { key: 'do', title: t('actions'), class: 'do', cell: (r) => holdingsButton(r.etf, r.name, 'exposed', r.stock) },
  ];
  const made = table({ name: 'exposure', label: t('exposure'), columns, rows: found.items, empty: t('empty_exposure'), again: () => page.draw(), id: (r) => r.etf });
  return panel(t('exposure'), made, { note: shownOf(found) });
}
