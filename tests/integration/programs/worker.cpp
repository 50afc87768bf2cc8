#include "mock/application/worker_main.hpp"

int main(int count, char** values) {
  return braid::application_test::guarded_worker_main(count, values);
}
