#pragma once

// Names the mutex that guards a member. Clang checks it with -Wthread-safety; to other compilers it is a comment.
#if defined(__clang__)
#define BRAID_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#else
#define BRAID_GUARDED_BY(mutex)
#endif
