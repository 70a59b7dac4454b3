#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/functions/function.hpp"
#include "region/functions/storage.hpp"
#include "region/log/change_log.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::functions {

/// The functions there are. Lives on one executor; what it shows is durable.
class Catalogue {
public:
    Catalogue(changelog::ChangeLog* log, Storage storage) : log_(log), storage_(storage) {}

    /// Errors: those of View::scan, "functions.bad-record".
    Result<void> load();

    /// Null: there is none.
    FunctionPtr find(std::string_view name) const;
    /// By name.
    std::vector<FunctionPtr> all() const;

    /// Changes a function, or refuses: gets the newest state, nothing where there is none, and leaves nothing to delete
    /// it. Runs on the log's thread, in the order of the calls.
    using Change = std::function<Result<void>(std::optional<Function>& function)>;
    struct Changed {
        FunctionPtr before;
        FunctionPtr after;  // null: deleted
    };
    /// Durable when it answers. Errors: those of `change` and of ChangeLog::write.
    io::Task<Result<Changed>> change(std::string name, Change change);

private:
    changelog::ChangeLog* log_;
    Storage storage_;
    std::map<std::string, FunctionPtr, std::less<>> functions_;
};

}  // namespace cloudshelf::functions
