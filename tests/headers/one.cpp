// One of two translation units that include every header.
#include "everything.hpp"

int answer_of_two();

int main() { return answer_of_two(); }
