-- Believable events of an online shop, for trying things out and for measuring.
--
--   psql -v ON_ERROR_STOP=1 -f schema.sql "$DATABASE_URL"
--   psql -v ON_ERROR_STOP=1 -v events=20000 -f sample.sql "$DATABASE_URL"
--   psql -v ON_ERROR_STOP=1 -v events=500 -v batch=2 -v days=1 -v until=2026-11-02 -f sample.sql "$DATABASE_URL"
--
--   events  how many                                                default 20000
--   batch   each number gives other event ids: load another batch to append   1
--   seed    any text: another shop                                            1
--   days    the events are spread over so many days …                         30
--   until   … before this moment (UTC)                                        2026-11-01
--
-- The same variables give the same rows, on any machine: every "random" choice is taken from an md5.
-- The payloads are what a store without schema enforcement really holds: order_created in two versions with
-- different fields, keys that are sometimes missing and sometimes null, a postcode that is now and then a number,
-- amounts whose digits matter (19.90), integers beyond 2^53, names in several scripts, a debugging key that
-- somebody forgot.

\encoding UTF8
\if :{?events} \else \set events 20000 \endif
\if :{?batch}  \else \set batch 1 \endif
\if :{?seed}   \else \set seed 1 \endif
\if :{?days}   \else \set days 30 \endif
\if :{?until}  \else \set until 2026-11-01 \endif

BEGIN;
SET LOCAL TimeZone = 'UTC';

INSERT INTO producers (producer_id, name, api_key, created_at)
SELECT id, name, 'ak_live_' || md5(:'seed' || ':producer:' || id), timestamptz '2026-01-15 09:00:00+00'
FROM (VALUES
    ('accounts-api',  'Accounts'),
    ('storefront',    'Storefront'),
    ('checkout-api',  'Checkout'),
    ('payments',      'Payments'),
    ('billing',       'Subscriptions and billing'),
    ('gateway',       'API gateway')) AS p (id, name)
ON CONFLICT DO NOTHING;

INSERT INTO consumers (consumer_id, name, subscribed_event_types, created_at) VALUES
    ('warehouse-loader', 'Nightly warehouse load', '{}', '2026-01-15 09:00:00+00'),
    ('fraud-scoring',    'Fraud scoring',          '{payment_failed,payment_succeeded,order_created}', '2026-02-03 14:20:00+00'),
    ('crm-sync',         'CRM sync',               '{user_registered,subscription_renewed}', '2026-03-21 08:05:00+00')
ON CONFLICT DO NOTHING;

-- OFFSET 0 keeps a step's columns from being computed again wherever the next step uses them.
WITH
number AS (     -- what each event draws its luck from; five neighbours share a customer, an order and a trace
    SELECT i,
           md5(:'seed' || ':' || :'batch' || ':event:' || i) AS h,
           md5(:'seed' || ':' || :'batch' || ':group:' || i / 5) AS gh
    FROM generate_series(1::bigint, :'events'::bigint) AS i
    OFFSET 0
),
luck AS (
    SELECT i, h, gh, decode(md5(h), 'hex') AS b, decode(gh, 'hex') AS g
    FROM number
    OFFSET 0
),
draw AS (       -- r0…r5 belong to the event, c and o to its group; all are 0…65535, the customer 0…49999
    SELECT i, h, gh,
           get_byte(b, 0) << 8 | get_byte(b, 1) AS r0,
           get_byte(b, 2) << 8 | get_byte(b, 3) AS r1,
           get_byte(b, 4) << 8 | get_byte(b, 5) AS r2,
           get_byte(b, 6) << 8 | get_byte(b, 7) AS r3,
           get_byte(b, 8) << 8 | get_byte(b, 9) AS r4,
           get_byte(b, 10) << 8 | get_byte(b, 11) AS r5,
           (get_byte(g, 0) << 8 | get_byte(g, 1)) % 50000 AS c,
           get_byte(g, 2) << 8 | get_byte(g, 3) AS o,
           (i - 1) * (:'days'::bigint * 86400000000) / :'events'::bigint
               + (get_byte(b, 12) << 8 | get_byte(b, 13))::bigint
                   * (:'days'::bigint * 86400000000 / :'events'::bigint) / 65536
               -- one event in a hundred reports a moment up to ten hours before it arrives
               - CASE WHEN get_byte(b, 15) < 3 THEN (get_byte(b, 11) + 1)::bigint * 140000000 ELSE 0 END AS at
    FROM luck
    OFFSET 0
),
typed AS (
    SELECT *,
           CASE WHEN r0 < 15000 THEN 'service_called'
                WHEN r0 < 31000 THEN 'order_created'
                WHEN r0 < 42000 THEN 'payment_succeeded'
                WHEN r0 < 45000 THEN 'payment_failed'
                WHEN r0 < 49000 THEN 'user_registered'
                WHEN r0 < 54500 THEN 'user_logged_in'
                WHEN r0 < 61000 THEN 'cart_updated'
                WHEN r0 < 64000 THEN 'subscription_renewed'
                ELSE 'refund_issued' END AS event_type,
           -- version 2 of order_created was rolled out early in the first batch; 1 order in 25 still comes from an old client
           CASE WHEN r0 >= 15000 AND r0 < 31000 AND r5 % 25 <> 0
                     AND (:'batch' <> '1' OR i * 4 > :'events'::bigint) THEN 2 ELSE 1 END AS event_version,
           lpad(c::text, 6, '0') AS customer_no,
           'ord_' || substr(gh, 9, 12) AS order_id,
           r2 % 3 + 1 AS quantity,
           -- prices in cents: 0.90 … 199.90 and odd ones
           CASE WHEN o % 4 = 0 THEN o % 20000 + 1 ELSE o % 200 * 100 + 90 END AS price_1,
           r3 % 50 * 100 + 49 AS price_2,
           (ARRAY['Anna', 'José', 'Zoë', 'Mehmet', 'さくら', 'Olga', 'Søren', 'Priya', 'Siân', 'Lukas', 'Chloé', 'Wei',
                  'Amira', 'D''Arcy', 'Jürgen', 'Ελένη'])[c % 16 + 1] AS first_name,
           (ARRAY['Müller', 'García', 'Łukasiewicz', 'Yılmaz', '渡辺', 'Ivanova', 'Nørgård', 'Iyer', 'O''Brien', 'Weiß',
                  'Dubois', '王', 'الحسن', 'Smith', 'Ångström', 'Παπαδοπούλου', 'Nguyễn'])[c % 17 + 1] AS last_name,
           (ARRAY['DE', 'FR', 'ES', 'PL', 'TR', 'JP', 'DK', 'IN', 'GB', 'US'])[c % 10 + 1] AS country,
           (ARRAY['EUR', 'EUR', 'EUR', 'USD', 'GBP'])[c % 5 + 1] AS currency
    FROM draw
    OFFSET 0
),
priced AS (
    SELECT *,
           price_1 * quantity + CASE WHEN r4 % 3 = 0 THEN price_2 ELSE 0 END AS net,
           (price_1 * quantity + CASE WHEN r4 % 3 = 0 THEN price_2 ELSE 0 END) * 19 / 100 AS tax
    FROM typed
    OFFSET 0
),
money AS (
    SELECT *,
           price_1 / 100 || '.' || lpad((price_1 % 100)::text, 2, '0') AS price_1_text,
           net / 100 || '.' || lpad((net % 100)::text, 2, '0') AS net_text,
           tax / 100 || '.' || lpad((tax % 100)::text, 2, '0') AS tax_text,
           (net + tax) / 100 || '.' || lpad(((net + tax) % 100)::text, 2, '0') AS total_text
    FROM priced
    OFFSET 0
)
INSERT INTO events (event_id, event_type, event_version, occurred_at, source, producer_id, payload, context)
SELECT
    -- the digits of a random (version 4) uuid
    (substr(h, 1, 12) || '4' || substr(h, 14, 3) || substr('89ab', r5 % 4 + 1, 1) || substr(h, 18))::uuid,
    event_type,
    event_version,
    :'until'::timestamptz - :'days'::bigint * interval '24 hours' + at * interval '1 microsecond',
    CASE event_type
        WHEN 'service_called' THEN (ARRAY['gateway-eu-1', 'gateway-eu-2', 'gateway-us-1'])[r1 % 3 + 1]
        WHEN 'order_created' THEN 'checkout-service'
        WHEN 'payment_succeeded' THEN 'payment-service'
        WHEN 'payment_failed' THEN 'payment-service'
        WHEN 'refund_issued' THEN 'payment-service'
        WHEN 'user_registered' THEN 'account-service'
        WHEN 'user_logged_in' THEN 'account-service'
        WHEN 'cart_updated' THEN 'storefront'
        ELSE 'billing-service' END,
    CASE event_type
        WHEN 'service_called' THEN 'gateway'
        WHEN 'order_created' THEN 'checkout-api'
        WHEN 'payment_succeeded' THEN 'payments'
        WHEN 'payment_failed' THEN 'payments'
        WHEN 'refund_issued' THEN 'payments'
        WHEN 'user_registered' THEN 'accounts-api'
        WHEN 'user_logged_in' THEN 'accounts-api'
        WHEN 'cart_updated' THEN 'storefront'
        ELSE 'billing' END,
    (CASE event_type
        WHEN 'service_called' THEN
            '{"service":"' || (ARRAY['catalog', 'inventory', 'pricing', 'search', 'mailer', 'tax'])[r2 % 6 + 1]
            || '","method":"' || CASE WHEN r3 % 4 = 0 THEN 'POST' ELSE 'GET' END
            || '","path":"/v1/' || (ARRAY['products', 'stock', 'quotes', 'suggest'])[r4 % 4 + 1] || '/' || o
            || '","status":' || CASE WHEN r1 % 50 = 0 THEN 503 WHEN r1 % 33 = 0 THEN 404 ELSE 200 END
            || ',"duration_ms":' || r3 % 900 || '.' || lpad((r4 % 1000)::text, 3, '0')
            || ',"bytes_sent":' || r2 * 37
            || ',"client":{"name":"' || (ARRAY['storefront-web', 'storefront-ios', 'partner-sdk'])[c % 3 + 1] || '","version":"5.'
            || r2 % 30 || '.' || r4 % 10 || '","region":"' || (ARRAY['eu-central', 'eu-west', 'us-east'])[o % 3 + 1] || '"}'
            || CASE WHEN r1 % 50 = 0 THEN ',"error":{"code":"UPSTREAM_TIMEOUT","message":"no answer after 900 ms from \"'
                                          || c % 40 || '.pool\"","retryable":true}'
                    ELSE ',"error":null' END
            || CASE WHEN r5 % 10 = 0 THEN ',"cache_hit":' || CASE WHEN r4 % 2 = 0 THEN 'true' ELSE 'false' END ELSE '' END
            || CASE WHEN r5 % 2048 = 7 THEN ',"_debug":{"build":"' || substr(h, 1, 7) || '","flags":["verbose","no-cache"]}' ELSE '' END
            || '}'
        WHEN 'order_created' THEN
            CASE event_version
            WHEN 1 THEN     -- flat: the customer's id, one total, no addresses
                '{"order_id":"' || order_id || '","customer_id":"cus_' || customer_no
                || '","total":' || total_text || ',"currency":"' || currency
                || '","item_count":' || quantity
                || ',"items":[{"sku":"SKU-' || lpad((o % 9000)::text, 4, '0') || '","qty":' || quantity
                || ',"price":' || price_1_text || '}]'
                || CASE WHEN r5 % 5 = 0 THEN ',"coupon":"AUTUMN' || r5 % 30 || '"'
                        WHEN r5 % 5 < 3 THEN ',"coupon":null' ELSE '' END || '}'
            ELSE            -- version 2: nested
                '{"order_id":"' || order_id || '","checkout":{"channel":"'
                || (ARRAY['web', 'ios', 'android', 'partner'])[r1 % 4 + 1]
                || '","placed_at":"' || to_char(:'until'::timestamptz - :'days'::bigint * interval '24 hours'
                                                + at * interval '1 microsecond', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                || '"},"customer":{"id":"cus_' || customer_no || '","name":"' || first_name || ' ' || last_name
                || '","email":"user' || c || '@example.com","address":{"country":"' || country || '","postcode":'
                -- a leading zero that one client loses: 1 in 200 is a number
                || CASE WHEN r4 % 200 = 7 THEN (c % 99999 + 1)::text ELSE '"' || lpad((c % 99999 + 1)::text, 5, '0') || '"' END
                || ',"city":' || CASE WHEN c % 30 = 3 THEN 'null' ELSE '"' || (ARRAY['Köln', 'Lyon', 'Málaga', 'Łódź', 'İzmir',
                        '京都', 'Århus', 'Mumbai', 'Leeds', 'Austin, \"TX\"'])[c % 10 + 1] || '"' END
                || '}},"items":[{"sku":"SKU-' || lpad((o % 9000)::text, 4, '0') || '","quantity":' || quantity
                || ',"unit_price":' || price_1_text || '}'
                || CASE WHEN r4 % 3 = 0 THEN ',{"sku":"SKU-' || lpad((r3 % 9000)::text, 4, '0')
                        || '","quantity":1,"unit_price":' || price_2 / 100 || '.' || lpad((price_2 % 100)::text, 2, '0')
                        || ',"gift":true}' ELSE '' END
                || '],"amount":{"currency":"' || currency || '","net":' || net_text || ',"tax":' || tax_text
                || ',"total":' || total_text || '}'
                || CASE WHEN r5 % 7 = 0 THEN ',"note":"' || (ARRAY['Bitte beim Nachbarn abgeben 🎁', 'Leave at the back door,\nthanks!',
                        '', 'C:\\gifts\\\"mum\"', 'お誕生日おめでとう', 'comma, semicolon; tab\there'])[r3 % 6 + 1] || '"'
                        WHEN r5 % 7 < 4 THEN ',"note":null' ELSE '' END
                || '}'
            END
        WHEN 'payment_succeeded' THEN
            '{"payment_id":"pay_' || substr(h, 1, 16) || '","order_id":"' || order_id
            || '","amount":' || total_text || ',"currency":"' || currency
            || '","method":{"kind":"' || (ARRAY['card', 'card', 'paypal', 'sepa'])[o % 4 + 1] || '"'
            || CASE WHEN o % 4 < 2 THEN ',"brand":"' || (ARRAY['visa', 'mastercard', 'amex'])[o % 3 + 1] || '","last4":"'
                    || lpad((c % 10000)::text, 4, '0') || '"' ELSE '' END
            -- an integer that no double holds, and a rate with more digits than one holds
            || '},"ledger_entry":' || 9007199254740993 + i * 2 || ',"fx_rate":'
            || CASE currency WHEN 'EUR' THEN '1' ELSE '1.0' || lpad(r3::text, 6, '0') || lpad(r4::text, 6, '0') || '34500' END
            || ',"risk":{"score":0.' || lpad((r2 % 1000)::text, 3, '0') || ',"model":'
            || CASE WHEN r5 % 20 = 0 THEN 'null' ELSE '"gbt-7"' END || '},"three_d_secure":'
            || CASE WHEN r1 % 3 = 0 THEN 'true' ELSE 'false' END || '}'
        WHEN 'payment_failed' THEN
            '{"payment_id":"pay_' || substr(h, 1, 16) || '","order_id":"' || order_id
            || '","amount":' || total_text || ',"currency":"' || currency
            || '","reason":"' || (ARRAY['insufficient_funds', 'card_expired', 'do_not_honor', 'limit_exceeded'])[r1 % 4 + 1]
            || '","attempt":' || r2 % 4 + 1
            || ',"decline_code":' || CASE WHEN r3 % 3 = 0 THEN 'null' ELSE '"' || lpad((r3 % 100)::text, 2, '0') || '"' END
            || ',"retry_at":' || CASE WHEN r4 % 2 = 0 THEN 'null' ELSE '"2026-11-' || lpad((r3 % 28 + 1)::text, 2, '0') || 'T06:00:00Z"' END || '}'
        WHEN 'user_registered' THEN
            '{"user":{"id":"cus_' || customer_no || '","email":"user' || c || '@example.com","name":"'
            || first_name || ' ' || last_name || '","locale":"' || lower(country) || '","age":'
            || CASE WHEN r2 % 4 = 0 THEN 'null' ELSE (r2 % 70 + 18)::text END
            || '},"plan":"' || (ARRAY['free', 'free', 'pro', 'team'])[r1 % 4 + 1] || '"'
            || CASE WHEN r3 % 3 = 0 THEN ',"referrer":{"campaign":"' || (ARRAY['été-2026', 'launch', 'friends & family'])[r4 % 3 + 1]
                    || '","medium":"email"}' ELSE '' END
            || ',"marketing_opt_in":' || CASE WHEN r5 % 2 = 0 THEN 'true' ELSE 'false' END || ',"tags":['
            || CASE WHEN r5 % 3 = 0 THEN '' WHEN r5 % 3 = 1 THEN '"beta"' ELSE '"beta","mobile"' END || ']}'
        WHEN 'user_logged_in' THEN
            '{"user":{"id":"cus_' || customer_no || '"},"ip":"198.51.100.' || c % 256 || '","device":{"os":"'
            || (ARRAY['iOS', 'Android', 'Windows', 'macOS', 'Linux'])[r1 % 5 + 1] || '","app_version":"4.' || r2 % 20 || '.' || r3 % 10
            || '","user_agent":"Mozilla/5.0 (' || (ARRAY['iPhone; CPU iPhone OS 19_1', 'Linux; Android 16', 'Windows NT 10.0; Win64; x64',
                    'Macintosh; Intel Mac OS X 10_15_7', 'X11; Linux x86_64'])[r1 % 5 + 1] || ') Shop/4.' || r2 % 20
            || '"},"mfa":' || CASE WHEN r4 % 4 = 0 THEN 'true' ELSE 'false' END || ',"session_id":"' || substr(h, 3, 24) || '"}'
        WHEN 'cart_updated' THEN
            '{"cart_id":"cart_' || substr(gh, 3, 10) || '","user":'
            || CASE WHEN o % 3 = 0 THEN 'null' ELSE '{"id":"cus_' || customer_no || '"}' END
            || ',"items":[' || CASE WHEN r4 % 9 = 0 THEN '' ELSE '{"sku":"SKU-' || lpad((o % 9000)::text, 4, '0') || '","quantity":'
                    || quantity || ',"unit_price":' || price_1_text || '}' END
            || '],"subtotal":' || CASE WHEN r4 % 9 = 0 THEN '0.00' ELSE net_text END || ',"currency":"' || currency || '"}'
        WHEN 'subscription_renewed' THEN
            '{"subscription_id":"sub_' || customer_no || '","user":{"id":"cus_' || customer_no || '"},"plan":"'
            || CASE WHEN c % 2 = 0 THEN 'pro' ELSE 'team' END || '","period":{"from":"2026-11-01","to":"2026-12-01"},"amount":'
            || CASE WHEN c % 2 = 0 THEN '29.00' ELSE '1450.00' END || ',"currency":"' || currency || '","seats":'
            || CASE WHEN c % 2 = 0 THEN 'null' ELSE (r2 % 200 + 1)::text END || ',"usage":{"api_calls":' || r3::bigint * 918273645
            || ',"storage_gb":' || r4 % 500 || '.' || r5 % 1000 || '}}'
        ELSE    -- refund_issued
            '{"refund_id":"ref_' || substr(h, 1, 12) || '","order_id":"' || order_id || '","amount":-' || price_1_text
            || ',"currency":"' || currency || '","reason":' || CASE WHEN r1 % 5 = 0 THEN 'null' ELSE '"' ||
                    (ARRAY['damaged', 'late', 'changed mind', 'größe passt nicht'])[r1 % 4 + 1] || '"' END
            || ',"items":[{"sku":"SKU-' || lpad((o % 9000)::text, 4, '0') || '","quantity":1}]}'
    END)::jsonb,
    CASE WHEN r1 % 40 = 0 THEN NULL     -- a producer that does not trace
         ELSE ('{"trace_id":"' || gh || '"'
               || CASE WHEN r5 % 8 = 0 THEN '' WHEN r5 % 8 = 1 THEN ',"correlation_id":null'
                       ELSE ',"correlation_id":"' || md5(gh)::uuid || '"' END
               || CASE WHEN r2 % 12 = 0 THEN ',"tenant":"' || lower(country) || '-retail"' ELSE '' END || '}')::jsonb END
FROM money;

-- The dispatch log is trimmed in real life: a batch brings the deliveries of its newest events, at most 2,000.
INSERT INTO event_dispatch_log (event_id, consumer_id, status, retry_count, last_attempt_at)
SELECT e.event_id, c.consumer_id,
       CASE WHEN e.luck % 50 = 0 THEN 'FAILED' WHEN e.luck % 20 = 0 THEN 'PENDING' ELSE 'SUCCESS' END,
       CASE WHEN e.luck % 50 = 0 THEN 3 WHEN e.luck % 20 = 0 THEN 0 WHEN e.luck % 7 = 0 THEN 1 ELSE 0 END,
       CASE WHEN e.luck % 50 <> 0 AND e.luck % 20 = 0 THEN NULL ELSE e.occurred_at + e.luck * interval '1 millisecond' END
FROM (SELECT event_id, event_type, occurred_at, get_byte(decode(md5(event_id::text), 'hex'), 0) AS luck
      FROM events AS n
      WHERE occurred_at < :'until'::timestamptz
        AND NOT EXISTS (SELECT FROM event_dispatch_log AS d WHERE d.event_id = n.event_id)
      ORDER BY occurred_at DESC, event_id
      LIMIT LEAST(2000, :'events'::bigint)) AS e
JOIN consumers AS c ON c.subscribed_event_types = '{}' OR e.event_type = ANY (c.subscribed_event_types)
ORDER BY e.occurred_at, e.event_id, c.consumer_id;

INSERT INTO consumer_offsets (consumer_id, last_processed_event_id, updated_at)
SELECT DISTINCT ON (d.consumer_id) d.consumer_id, d.event_id, d.last_attempt_at
FROM event_dispatch_log AS d
WHERE d.status = 'SUCCESS'
ORDER BY d.consumer_id, d.last_attempt_at DESC, d.event_id
ON CONFLICT (consumer_id) DO UPDATE
SET last_processed_event_id = EXCLUDED.last_processed_event_id, updated_at = EXCLUDED.updated_at;

COMMIT;

ANALYZE producers, consumers, events, event_dispatch_log, consumer_offsets;
