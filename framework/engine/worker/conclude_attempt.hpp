#pragma once

#include <braid/routing/routes.hpp>

#include <exception>

namespace braid::engine {

class Share;

// An attempt of the share has ended, with what it threw, if it did: finds out what follows, and leaves that with
// the share. User code that decides about it is called here, guarded. True: the share is done.
// Thread: who ends the attempt: its worker, or who settles its ticket; where user code is to be asked, only the
// pool's. `may_ask`: false where there is no pool any more, and nobody is asked.
[[nodiscard]] bool conclude_attempt(Share& share, std::exception_ptr failure, bool may_ask);

// Whether conclude_attempt() may have user code to ask.
[[nodiscard]] bool asks_user_code(const routing::Topic& topic);

}  // namespace braid::engine
