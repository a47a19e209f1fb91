-- EventFlow, phase 2.3: the event store of the MVP.
--
--   psql -v ON_ERROR_STOP=1 -f schema.sql "$DATABASE_URL"
--
-- Needs PostgreSQL 14 or later and a role that may create tables; no extension. Running it again changes nothing.
-- The tables and columns are those of the data model. Where it leaves something open (a type, a default, a check),
-- the comment beside it says what was chosen and why.

BEGIN;
SET LOCAL client_min_messages = warning;    -- no notice about what is already there

-- Systems that emit events.
CREATE TABLE IF NOT EXISTS producers (
    producer_id text        PRIMARY KEY,                  -- the event model calls it a string: 'checkout-api'
    name        text        NOT NULL,
    api_key     text        NOT NULL UNIQUE,              -- a secret: no pipeline should export this column
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- The event store: append-only, never updated. Everything else can be rebuilt from it.
CREATE TABLE IF NOT EXISTS events (
    event_id      uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    event_type    text        NOT NULL,                   -- 'order_created'
    event_version integer     NOT NULL DEFAULT 1 CHECK (event_version >= 1),
    occurred_at   timestamptz NOT NULL DEFAULT now(),     -- set by the producer, so events can arrive late
    source        text        NOT NULL,                   -- the service's name
    producer_id   text        NOT NULL REFERENCES producers (producer_id),
    payload       jsonb       NOT NULL,                   -- business data; its shape is not enforced (MVP trade-off)
    context       jsonb                                   -- tracing and correlation; optional
);

CREATE INDEX IF NOT EXISTS events_event_type_idx  ON events (event_type);
CREATE INDEX IF NOT EXISTS events_occurred_at_idx ON events (occurred_at);

-- Internal consumers of events.
CREATE TABLE IF NOT EXISTS consumers (
    consumer_id            text        PRIMARY KEY,
    name                   text        NOT NULL,
    subscribed_event_types text[]      NOT NULL DEFAULT '{}',
    created_at             timestamptz NOT NULL DEFAULT now()
);

-- Attempts to deliver an event to a consumer.
CREATE TABLE IF NOT EXISTS event_dispatch_log (
    dispatch_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid        NOT NULL REFERENCES events (event_id),
    consumer_id     text        NOT NULL,                 -- the model marks no foreign key: a consumer may be removed
    status          text        NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'SUCCESS', 'FAILED')),
    retry_count     integer     NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    last_attempt_at timestamptz                           -- NULL: not tried yet
);

-- Ours, not the model's: finding an event's deliveries, and checking the foreign key, without a scan.
CREATE INDEX IF NOT EXISTS event_dispatch_log_event_id_idx ON event_dispatch_log (event_id);

-- How far each consumer has come.
CREATE TABLE IF NOT EXISTS consumer_offsets (
    consumer_id             text        PRIMARY KEY,
    last_processed_event_id uuid,                         -- NULL: nothing processed yet
    updated_at              timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE  events            IS 'Immutable event store: append-only, no UPDATEs.';
COMMENT ON COLUMN producers.api_key IS 'Secret.';

COMMIT;
