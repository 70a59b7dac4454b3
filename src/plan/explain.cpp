#include "plan/explain.hpp"
namespace cloudshelf::plan {
std::string explain(const core::Plan&) {
    return {};
}
std::string explain_json(const core::Plan&) {
    return {};
}
}  // namespace cloudshelf::plan
