// Rotations whose instructions are counted. Those of the readable forms do not depend on the
// instruction set: any argument leaves them out.
#include <Eigen/Core>
#include <string>
#include <tuple>
#include <vector>

#include "counted.hpp"
#include "ropewalk/apply.hpp"

namespace {

using namespace counted;

template <class T, class How>
void count_fused(Token<T>& of, const How& how, const std::string& pairing) {
  count(of.name("fused") + pairing, [&] { rw::apply(rw::serial, of.out, of.x, of.table, how); });
  count(of.name("fused_inplace") + pairing,
        [&] { rw::apply_inplace(rw::serial, of.x, of.table, how); });
}

template <class T, class How>
void count_readable(Token<T>& of, const How& how, const std::string& pairing) {
  count(of.name("strided") + pairing,
        [&] { rw::apply_strided(rw::serial, of.out, of.x, of.table, how); });
  count(of.name("stack_flatten") + pairing,
        [&] { rw::apply_stack_flatten(rw::serial, of.out, of.x, of.table, how); });
}

template <class T>
void count_type(bool fused_alone) {
  Token<T> token(32, 128), least(1, 8);
  for (Token<T>* of : {&token, &least}) {
    count_fused(*of, rw::interleaved_pairs, "");
    count_fused(*of, rw::half_pairs, "/half");
    if (fused_alone) continue;
    count_readable(*of, rw::interleaved_pairs, "");
    count_readable(*of, rw::half_pairs, "/half");
  }
}

/// By a table of x's own type every product is rounded. One head does not copy its coefficients,
/// but where its own steps would leave pairs.
template <class T>
void count_own_table() {
  Token<T, T> token(32, 128), alone(1, 128), least(1, 8);
  for (Token<T, T>* of : {&token, &alone, &least}) {
    const std::string name = of->name("fused_inplace") + "/own_table";
    count(name, [&] { rw::apply_inplace(rw::serial, of->x, of->table, rw::interleaved_pairs); });
    count(name + "/half", [&] { rw::apply_inplace(rw::serial, of->x, of->table, rw::half_pairs); });
  }
}

template <class T>
void count_double_table() {
  Token<T, double> of(32, 128);
  count(of.name("fused_inplace") + "/double_table",
        [&] { rw::apply_inplace(rw::serial, of.x, of.table, rw::interleaved_pairs); });
}

/// Rows that the widest groups of steps do not fill.
template <class T>
void count_rests() {
  for (const rw::Index head_dim : {32, 72, 80, 112}) {
    Token<T> of(32, head_dim);
    const std::string name = of.name("fused_inplace");
    count(name, [&] { rw::apply_inplace(rw::serial, of.x, of.table, rw::interleaved_pairs); });
    count(name + "/half", [&] { rw::apply_inplace(rw::serial, of.x, of.table, rw::half_pairs); });
  }
}

/// What else a call may be given.
void count_others() {
  Token<float> q(1, 8), k(1, 8);
  rw::Options options;
  opaque(options);
  count(q.name("fused_inplace") + "/options",
        [&] { rw::apply_inplace(rw::serial, q.x, q.table, options); });
  count(q.name("fused_inplace") + "/table",
        [&] { rw::apply_inplace(rw::serial, q.x, q.coefficients); });
  count(q.name("fused_inplace") + "/two",
        [&] { rw::apply_inplace(rw::serial, std::tie(q.x, k.x), q.table); });
  const std::vector<int> ids{0};
  const rw::TableView<float> gathered = q.table.gather(ids);
  count(q.name("fused_inplace") + "/gathered",
        [&] { rw::apply_inplace(rw::serial, q.x, gathered); });
}

}  // namespace

int main(int argc, char** argv) {
  const bool fused_alone = argc > 1;
  begin(argc, argv);
  count_type<float>(fused_alone);
  count_type<Eigen::half>(fused_alone);
  count_type<Eigen::bfloat16>(fused_alone);
  count_own_table<Eigen::half>();
  count_own_table<Eigen::bfloat16>();
  count_double_table<float>();
  count_double_table<Eigen::half>();
  count_double_table<Eigen::bfloat16>();
  count_rests<float>();
  count_rests<Eigen::half>();
  count_rests<Eigen::bfloat16>();
  count_others();
}
