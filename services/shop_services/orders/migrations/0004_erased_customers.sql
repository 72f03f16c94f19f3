-- Customers who were erased a short while ago: their orders that are under way still end, and leave what is to be forgotten then.
create table erased_customers (
    customer_id text primary key,
    erased_at timestamptz not null
);
