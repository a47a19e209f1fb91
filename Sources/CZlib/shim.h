#pragma once
#include <zlib.h>

// deflateInit2 and inflateInit2 are macros, which Swift does not see.

/// Begins to compress as gzip (RFC 1952); 16 more than the window's 15 bits asks for its header and trailer.
static inline int tidemark_gzip_begin(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/// Begins to decompress gzip, and nothing but gzip.
static inline int tidemark_gunzip_begin(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
