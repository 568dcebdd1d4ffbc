// Tells a file that was changed from one that is being changed: whoever writes a file anew in its place leaves it empty for a moment.

#ifndef TRAINYARD_SERVER_RPC_SETTLED_CHANGE_H_
#define TRAINYARD_SERVER_RPC_SETTLED_CHANGE_H_

#include <utility>

namespace trainyard {

// `Stamp`: what differs where the file does. Not thread-safe.
template <typename Stamp>
class SettledChange {
 public:
  explicit SettledChange(const Stamp& known) : known_(known), seen_(known) {}

  // To be asked at each look, which found `now`. Whether that is not what is known, and was so at the look before; then it is known.
  bool Settled(const Stamp& now) {
    const bool same_as_before = std::exchange(seen_, now) == now;
    if (!same_as_before || now == known_) return false;
    known_ = now;
    return true;
  }

 private:
  Stamp known_;
  Stamp seen_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_SETTLED_CHANGE_H_
