#pragma once
// libzstd declares nothing variadic and no macro that this project needs, so its own header is enough.
#include <zstd.h>
