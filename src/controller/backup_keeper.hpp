#pragma once

#include "controller/config.hpp"
#include "controller/services.hpp"

#include <map>
#include <string>

namespace cloudshelf::controller {

/// Makes the backups of tables that an application's plan wants, in every region that is up, tags them, and deletes
/// those whose retention is over (core::backup_work). Each that is made or deleted is in the journal. For the
/// controller that leads; another one goes on where it ended.
class BackupKeeper {
public:
    BackupKeeper(const Services& services, const ApplicationConfig& config) : services_(services), config_(config) {}

    /// Looks once a minute; does not end.
    io::Task<void> run();

private:
    io::Task<Result<void>> keep(const SiteConfig& site, const TableBackupConfig& wanted);
    io::Task<Result<void>> make(
        tables_client::Client& client, const SiteConfig& site, const std::string& table, core::BackupWork::Make wanted
    );
    io::Task<void> note(const SiteConfig& site, std::string what, std::string table, std::string arn);

    const Services& services_;
    const ApplicationConfig& config_;
    std::map<std::string, std::string> told_;  // by region and table: the error that was logged last
};

}  // namespace cloudshelf::controller
