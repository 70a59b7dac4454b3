#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/functions/storage.hpp"
#include "region/log/change_log.hpp"
#include "wire/lambda/event_source.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::functions {

using MappingPtr = std::shared_ptr<const lambda::EventSourceMapping>;

/// The event source mappings there are, and how far each has come. Lives on one executor; what it shows is durable.
class Mappings {
public:
    Mappings(changelog::ChangeLog* log, Storage storage) : log_(log), storage_(storage) {}

    /// Errors: those of View::scan, "functions.bad-record".
    Result<void> load();

    /// Null: there is none.
    MappingPtr find(std::string_view uuid) const;
    /// By UUID.
    std::vector<MappingPtr> all() const;

    /// Durable when they answer. Errors: those of ChangeLog::write.
    io::Task<Result<void>> put(lambda::EventSourceMapping mapping);
    io::Task<Result<void>> erase(std::string uuid);

    /// The sequence number of the last record that is done, or an empty text.
    Result<std::string> position(const std::string& uuid) const;
    /// Errors: those of ChangeLog::write.
    io::Task<Result<void>> set_position(std::string uuid, std::string sequence);

    /// How the last look at the stream, or the last batch, went: told and not kept.
    void note(const std::string& uuid, std::string result) { results_.insert_or_assign(uuid, std::move(result)); }
    std::string last_result(const std::string& uuid) const {
        const auto found = results_.find(uuid);
        return found == results_.end() ? "No records processed" : found->second;
    }

private:
    changelog::ChangeLog* log_;
    Storage storage_;
    std::map<std::string, MappingPtr, std::less<>> mappings_;
    std::map<std::string, std::string> results_;
};

}  // namespace cloudshelf::functions
