-- Each write about an order counts this up and names the revision it was decided on: of two that decide on the same one, one writes.
alter table orders add column revision integer not null default 1;

-- Each message carries the trace of the work that sent it.
alter table orders drop column traceparent;
