#pragma once

#include <curl/curl.h>
#include <stddef.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call, and check nothing of what they are given:
// one typed function for each kind of argument.

/// Sets an option that is a number.
static inline CURLcode tm_curl_set_long(CURL *_Nonnull handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

/// Sets an option that is a size in bytes, which may pass 2 GiB.
static inline CURLcode tm_curl_set_size(CURL *_Nonnull handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/// Sets an option that is a text, which libcurl copies.
static inline CURLcode tm_curl_set_text(CURL *_Nonnull handle, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

/// Sets an option that is a pointer, which must stay valid until the transfer is over: the request's body, what a callback
/// is given, the buffer for messages.
static inline CURLcode tm_curl_set_pointer(CURL *_Nonnull handle, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

/// Sets the request's headers, which must stay valid until the transfer is over.
static inline CURLcode tm_curl_set_headers(CURL *_Nonnull handle, struct curl_slist *_Nullable headers) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

/// Called with bytes of the answer; another result than their count ends the transfer.
typedef size_t (*tm_curl_taker)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context);

/// Sets the function that takes the answer's body, or its header lines.
static inline CURLcode tm_curl_set_taker(CURL *_Nonnull handle, CURLoption option, tm_curl_taker _Nonnull taker) {
    return curl_easy_setopt(handle, option, taker);
}

/// Reads a result that is a number.
static inline CURLcode tm_curl_get_long(CURL *_Nonnull handle, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(handle, info, value);
}

/// curl_global_init with all that it can set up (a macro).
static inline CURLcode tm_curl_start(void) {
    return curl_global_init(CURL_GLOBAL_ALL);
}
