-- The bookstore's database. Run as a whole, any number of times, by the role that owns it.
CREATE TABLE IF NOT EXISTS authors (
    author_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS categories (
    category_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

-- `search` holds each word twice, as it is and as its English stem: "It" is a title, not a stop word.
CREATE TABLE IF NOT EXISTS books (
    book_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL UNIQUE,
    title text NOT NULL,
    authors text NOT NULL,
    year integer,
    isbn text,
    price_cents bigint NOT NULL CHECK (price_cents > 0),
    search tsvector GENERATED ALWAYS AS (
        to_tsvector('simple'::regconfig, title || ' ' || authors)
        || to_tsvector('english'::regconfig, title || ' ' || authors)) STORED
);
CREATE INDEX IF NOT EXISTS books_search ON books USING gin (search);

CREATE TABLE IF NOT EXISTS book_authors (
    book_id bigint NOT NULL REFERENCES books ON DELETE CASCADE,
    author_id bigint NOT NULL REFERENCES authors,
    PRIMARY KEY (book_id, author_id)
);

CREATE TABLE IF NOT EXISTS book_categories (
    book_id bigint NOT NULL REFERENCES books ON DELETE CASCADE,
    category_id bigint NOT NULL REFERENCES categories,
    PRIMARY KEY (book_id, category_id)
);

-- Ids of what customers create are random and made by the program: a sequence that a failover sets back could hand out
-- once more an id that was already acknowledged.
CREATE TABLE IF NOT EXISTS users (
    user_id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS ratings (
    rating_id uuid PRIMARY KEY,
    book_id bigint NOT NULL REFERENCES books,
    user_id uuid NOT NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS ratings_book ON ratings (book_id);

-- No foreign key to users: a customer whose sign-up was lost in a region's loss (it commits locally) still has a valid
-- session, and an order of theirs must not be refused, nor lost, for it.
CREATE TABLE IF NOT EXISTS orders (
    order_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('placed', 'paid')),
    total_cents bigint NOT NULL CHECK (total_cents > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS orders_user ON orders (user_id);

CREATE TABLE IF NOT EXISTS order_items (
    order_id uuid NOT NULL REFERENCES orders,
    book_id bigint NOT NULL REFERENCES books,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_cents bigint NOT NULL CHECK (unit_cents > 0),
    PRIMARY KEY (order_id, book_id)
);

-- `claim` names the one request that may talk to a processor about this payment until `claimed_until`.
CREATE TABLE IF NOT EXISTS payments (
    payment_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    user_id uuid NOT NULL,
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    processor text NOT NULL CHECK (processor IN ('primary', 'backup')),
    status text NOT NULL CHECK (status IN ('reserved', 'captured', 'declined')),
    claim uuid,
    claimed_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- An order has at most one payment that is not declined.
CREATE UNIQUE INDEX IF NOT EXISTS payments_order_live ON payments (order_id) WHERE status <> 'declined';
CREATE INDEX IF NOT EXISTS payments_order ON payments (order_id);

-- One row per key, written in the transaction of its effect. An answer without a status is a payment under way.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    scope text NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    answer text,
    payment_id uuid,
    replays integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX IF NOT EXISTS idempotency_keys_age ON idempotency_keys (created_at);

-- Deletes keys older than 31 days (they are promised for 30) and says how many.
CREATE OR REPLACE FUNCTION forget_old_idempotency_keys() RETURNS bigint AS $$
    WITH gone AS (DELETE FROM idempotency_keys WHERE created_at < now() - interval '31 days' RETURNING 1)
    SELECT count(*) FROM gone;
$$ LANGUAGE sql;

-- What happened to orders, in order, for whoever follows them: written in the same transaction.
CREATE TABLE IF NOT EXISTS order_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL,
    event text NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS backup_validation_log (
    timestamp timestamptz NOT NULL,
    status boolean NOT NULL,
    table_count integer NOT NULL
);

-- Whether a restored database has the tables without which there is no shop; each call leaves a line in the log.
CREATE OR REPLACE FUNCTION validate_backup_integrity() RETURNS boolean AS $$
DECLARE
    critical CONSTANT text[] := ARRAY['books', 'categories', 'authors', 'users'];
    found integer;
BEGIN
    SELECT count(*) INTO found FROM information_schema.tables t
        WHERE t.table_schema = 'public' AND t.table_name = ANY (critical);
    INSERT INTO backup_validation_log (timestamp, status, table_count)
        VALUES (now(), found = cardinality(critical), found);
    RETURN found = cardinality(critical);
END;
$$ LANGUAGE plpgsql;
