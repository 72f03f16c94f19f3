-- An order costs what its quote says, and a quote makes one order: whoever places a second one with it breaks this constraint.
alter table orders add column quote_id text;
alter table orders add constraint orders_of_a_quote unique (quote_id);
