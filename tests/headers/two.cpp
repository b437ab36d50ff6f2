// The other one: anything that is not inline would now be defined twice.
#include "everything.hpp"

int answer_of_two();

int answer_of_two() { return 0; }
