#pragma once

#include <libpq-fe.h>
#include <stddef.h>
#include <stdio.h>

// The codes of PQresultErrorField are character literals behind macros, which Swift does not import with a
// type of their own: one typed function each.

/// The SQLSTATE of a failed result, or NULL when the error was made by libpq itself.
static inline const char *_Nullable pg_sqlstate(const PGresult *_Nonnull result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

/// ERROR, FATAL or PANIC, never translated.
static inline const char *_Nullable pg_severity(const PGresult *_Nonnull result) {
    return PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
}

/// The error's first line as the server sent it, without the severity.
static inline const char *_Nullable pg_message_primary(const PGresult *_Nonnull result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

/// The error's second line, with details.
static inline const char *_Nullable pg_message_detail(const PGresult *_Nonnull result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
}

/// What the server suggests to do.
static inline const char *_Nullable pg_message_hint(const PGresult *_Nonnull result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
}

/// A notice processor that does nothing.
static inline void pg_drop_notice(void *_Nullable context, const char *_Nullable message) {
    (void)context;
    (void)message;
}

/// Keeps libpq from printing notices on standard error, which is its default.
static inline void pg_silence_notices(PGconn *_Nonnull connection) {
    PQsetNoticeProcessor(connection, pg_drop_notice, NULL);
}

/// A number's digits, correctly rounded, as "%.*e" prints them (snprintf is variadic).
static inline int pg_print_digits(char *_Nonnull buffer, size_t size, int digits, double value) {
    return snprintf(buffer, size, "%.*e", digits - 1, value);
}
