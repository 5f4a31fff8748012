# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests are made of: processes, real servers, a recorder, and looks into media files."""
