#include <braid/offset.hpp>

#include <ostream>

// Plain numbers: the sentence around them says what they are.

namespace braid {

std::ostream& operator<<(std::ostream& out, Offset offset) {
  return out << offset.value;
}
std::ostream& operator<<(std::ostream& out, CommitPosition position) {
  return out << position.value;
}
std::ostream& operator<<(std::ostream& out, PartitionNumber partition) {
  return out << partition.value;
}
std::ostream& operator<<(std::ostream& out, VirtualPartitionIndex index) {
  return out << index.value;
}
std::ostream& operator<<(std::ostream& out, Generation generation) {
  return out << generation.value;
}

}  // namespace braid
